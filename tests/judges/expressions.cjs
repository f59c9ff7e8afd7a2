// Evaluates JSONata by the reference implementation: [{expression, states, variables}] ->
// [["value", V] | ["nothing"] | ["error", its code]]
const { readFileSync } = require('node:fs')
const jsonata = require('jsonata')

async function evaluated({ expression, states, variables }) {
  try {
    const value = await jsonata(expression).evaluate(undefined, { ...variables, states })
    return value === undefined ? ['nothing'] : ['value', value]
  } catch (error) {
    return ['error', error.code ?? String(error)]
  }
}

async function main() {
  const cases = JSON.parse(readFileSync(0, 'utf8'))
  console.log(JSON.stringify(await Promise.all(cases.map(evaluated))))
}

main()
