// The page to read and try the API. Who logs in on it is authorized at once: the token goes to the calls that need it.

const SCHEMES = {
  "/api/v1/auth/admin/login": "adminToken",
  "/api/v1/auth/table/login": "tableToken",
};

function keepToken(response) {
  const scheme = SCHEMES[new URL(response.url, location).pathname];
  if (scheme && response.ok) ui.preauthorizeApiKey(scheme, response.obj.access_token);
  return response;
}

// A live feed never ends, so this page, which waits for the end of an answer, could not show it.
const withoutStreams = {
  statePlugins: {
    spec: {
      wrapSelectors: {
        allowTryItOutFor: (original) => (state, path, method) => !path.endsWith("/sse") && original(state, path, method),
      },
    },
  },
};

const ui = SwaggerUIBundle({
  url: "openapi.json",
  dom_id: "#swagger-ui",
  deepLinking: true,
  defaultModelsExpandDepth: 0,
  displayRequestDuration: true,
  plugins: [() => withoutStreams],
  responseInterceptor: keepToken,
  tryItOutEnabled: true,
  validatorUrl: null,
});
