// An OpenID provider with four users, of whom brief gets tokens that hold for 40 seconds. Who sits in front of the browser is told by the header x-user of the request to /authorize.
// A client gets the claims that it asks for by the parameter "claims" of its request to /token.
// A second provider on the next port has the same name and other keys: what it signs is a forgery.
import { OAuth2Server } from "oauth2-mock-server";

const groups = { alice: ["mlflow"], brief: ["mlflow"], root: ["mlflow-admin"], mallory: ["strangers"] };
const port = Number(process.env.PORT);

async function start(port) {
  const server = new OAuth2Server();
  await server.issuer.keys.generate("RS256");
  const users = new Map();

  server.service.on("beforeAuthorizeRedirect", (redirect, request) => users.set(redirect.url.searchParams.get("code"), request.headers["x-user"]));
  server.service.on("beforeTokenSigning", (token, request) => {
    const user = users.get(request.body.code);
    if (user) {
      Object.assign(token.payload, { sub: user, email: `${user}@example.com`, name: user, groups: groups[user] });
    }
    Object.assign(token.payload, JSON.parse(request.body.claims ?? "{}"));
  });

  server.service.on("beforeResponse", (response, request) => {
    if (users.get(request.body.code) === "brief") {
      response.body.expires_in = 40;
    }
  });

  await server.start(port);
  server.issuer.url = process.env.ISSUER;
}

await start(port);
await start(port + 1);
console.log(`listening as ${process.env.ISSUER}`);
