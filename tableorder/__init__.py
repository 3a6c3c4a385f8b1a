"""The backend of in-restaurant table ordering."""
