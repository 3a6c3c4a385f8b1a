"""What all routes share: tokens, problems, what happens around a request, reading a body, writing an answer."""
