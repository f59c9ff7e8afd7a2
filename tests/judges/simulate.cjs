// Evaluates requests by IAM's rules: [{principal, action, resource, account, context, identity,
// ofResource}] -> [Allowed | ImplicitlyDenied | ExplicitlyDenied]
const { readFileSync } = require('node:fs')
const { runSimulation } = require('@cloud-copilot/iam-simulate')

// The simulator loses keys of a request that end with a name of one's own, as encryption contexts
// do. Another key of the same type stands for them, in policies and requests alike; each request
// here has one encryption context at most.
const read = text => JSON.parse(text.replace(/kms:EncryptionContext:[^"]+/g, 'kms:RequestAlias'))

async function evaluated({ principal, action, resource, account, context, identity, ofResource }) {
  const given = {
    request: { principal, action, resource: { resource, accountId: account }, contextVariables: context },
    identityPolicies: identity.map((policy, at) => ({ name: `policy ${at}`, policy })),
    serviceControlPolicies: [],
    resourceControlPolicies: [],
    resourcePolicy: ofResource ?? undefined,
  }
  const answer = await runSimulation(given, {})
  if (answer.resultType === 'error') throw new Error(`${action} on ${resource}: ${JSON.stringify(answer.errors)}`)
  const ignored = answer.result?.ignoredContextKeys ?? []
  if (ignored.length > 0) throw new Error(`${action} on ${resource}: a request has no ${ignored}`)
  return answer.overallResult
}

async function main() {
  console.log(JSON.stringify(await Promise.all(read(readFileSync(0, 'utf8')).map(evaluated))))
}

main()
