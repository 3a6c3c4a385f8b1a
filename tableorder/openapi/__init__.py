"""The description of the API, OpenAPI 3.1: what each route takes and answers, one file per noun as for blueprints."""
