// Judges state machines: {name: definition} -> {name: [what is wrong]}
const { readFileSync } = require('node:fs')
const { getLanguageService } = require('amazon-states-language-service')
const { TextDocument } = require('vscode-languageserver-textdocument')
const validate = require('asl-validator')

const service = getLanguageService({})

async function byAws(definition) {
  const text = TextDocument.create('file:///machine.asl.json', 'asl', 1, JSON.stringify(definition, null, 1))
  const found = await service.doValidation(text, service.parseJSONDocument(text))
  return found.map(each => `AWS, line ${each.range.start.line + 1}: ${each.message}`)
}

function byValidator(definition) {
  const { errors } = validate(definition, { checkPaths: true, checkArn: true })
  return errors.map(each => `asl-validator: ${JSON.stringify(each)}`)
}

async function main() {
  const judged = {}
  for (const [name, definition] of Object.entries(JSON.parse(readFileSync(0, 'utf8')))) {
    judged[name] = [...(await byAws(definition)), ...byValidator(definition)] // the second changes it
  }
  console.log(JSON.stringify(judged))
}

main()
