"""The description of the API, OpenAPI 3.1, derived from the routes, their decorators and the schemas."""
