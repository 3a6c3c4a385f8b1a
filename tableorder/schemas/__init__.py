"""What a request's body and query must look like, one file per noun."""
