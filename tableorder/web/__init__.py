"""The Flask glue: the application, the decorators of the handlers, the middleware, problems."""
