"""What all routes share: tokens, problems, request ids, reading a body, writing an answer."""
