// A real, certified provider (npm oidc-provider) in one of three profiles, for the tests. Called with one argument, JSON:
// { profile, port, clients, accounts }. Says "ready" on stdout. Whoever types a name at its sign-in page is that person.

import { generateKeyPairSync } from "node:crypto";
import Provider from "oidc-provider";

const { profile, port, portal, name } = JSON.parse(process.argv[2]);
const issuer = `http://127.0.0.1:${port}`;
const ES256 = { kty: "EC", options: { namedCurve: "P-256" }, type: "ec" };
const RS256 = { options: { modulusLength: 2048 }, type: "rsa" };
const key = (kind, alg) => ({
  ...generateKeyPairSync(kind.type, kind.options).privateKey.export({ format: "jwk" }),
  alg,
  use: "sig",
  kid: `${profile}-1`,
});

// What the three differ in: signatures, how the secret is sent, levels of assurance, userinfo, and the way out.
const PROFILES = {
  franceconnect: {
    keys: [key(ES256, "ES256")],
    client: {
      client_secret: "un secret de test : 100 % / + &",
      token_endpoint_auth_method: "client_secret_post",
      id_token_signed_response_alg: "ES256",
      userinfo_signed_response_alg: "ES256",
    },
    configuration: {
      acrValues: ["eidas1", "eidas2"],
      clientAuthMethods: ["client_secret_post"],
      features: { jwtUserinfo: { enabled: true }, rpInitiatedLogout: { enabled: true } },
    },
  },
  google: {
    keys: [key(RS256, "RS256")],
    client: {
      client_secret: "un secret de test : 100 % / + &",
      token_endpoint_auth_method: "client_secret_basic",
      id_token_signed_response_alg: "RS256",
    },
    configuration: { features: { rpInitiatedLogout: { enabled: false } } },
  },
  bare: {
    keys: [key(RS256, "RS256")],
    client: { token_endpoint_auth_method: "none", id_token_signed_response_alg: "RS256" },
    configuration: {
      clientAuthMethods: ["none"],
      conformIdTokenClaims: false,
      features: { rpInitiatedLogout: { enabled: false }, userinfo: { enabled: false } },
    },
  },
};
const chosen = PROFILES[profile];

const provider = new Provider(issuer, {
  ...chosen.configuration,
  jwks: { keys: chosen.keys },
  clients: [
    {
      client_id: "open-lab",
      redirect_uris: [`${portal}/connexion/oidc/${name}/retour`],
      post_logout_redirect_uris: [`${portal}/connexion/oidc/${name}/sortie`],
      grant_types: ["authorization_code"],
      response_types: ["code"],
      ...chosen.client,
    },
  ],
  claims: {
    openid: ["sub"],
    profile: ["name", "given_name", "family_name"],
    email: ["email", "email_verified"],
    ...(chosen.configuration.acrValues ? { acr: null } : {}),
  },
  // Cookies know no ports: the profiles run side by side on one host.
  cookies: {
    keys: ["only for tests"],
    names: { session: `${profile}_session`, interaction: `${profile}_interaction`, resume: `${profile}_resume` },
  },
  features: { ...chosen.configuration.features, devInteractions: { enabled: false } },
  interactions: { url: (_ctx, interaction) => `/entrer/${interaction.uid}` },
  findAccount: (_ctx, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: `Personne ${id}`,
      given_name: "Personne",
      family_name: id,
      email: `${id}@fournisseur.example`,
      email_verified: !id.startsWith("douteux"),
    }),
  }),
  // Consent is given beforehand: it is the provider's own affair.
  async loadExistingGrant(ctx) {
    const grant = new ctx.oidc.provider.Grant({
      clientId: ctx.oidc.client.clientId,
      accountId: ctx.oidc.session.accountId,
    });
    grant.addOIDCScope("openid profile email");
    await grant.save();
    return grant;
  },
});

provider.use(async (ctx, next) => {
  if (!ctx.path.startsWith("/entrer/")) return next();
  const { params } = await provider.interactionDetails(ctx.req, ctx.res);
  if (ctx.method === "GET") {
    ctx.type = "html";
    ctx.body = `<!DOCTYPE html><html lang="fr"><title>${profile}</title><h1>${profile}</h1>
      <form method="post"><label>Nom <input name="login"></label>
      <button>Continuer</button><button name="refuse" value="1">Renoncer</button></form>`;
    return;
  }
  let body = "";
  for await (const piece of ctx.req) body += piece;
  const typed = new URLSearchParams(body);
  const login = typed.get("login");
  const result = typed.get("refuse")
    ? { error: "access_denied", error_description: "renounced" }
    : { login: { accountId: login, acr: login.startsWith("faible") ? undefined : params.acr_values?.split(" ")[0] } };
  ctx.respond = false;
  ctx.res.statusCode = 303;
  await provider.interactionFinished(ctx.req, ctx.res, result, { mergeWithLastSubmission: false });
});

provider.on("server_error", (_ctx, error) => console.error(error));
provider.listen(port, "127.0.0.1", () => console.log("ready"));
