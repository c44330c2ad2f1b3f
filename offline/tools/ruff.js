const { readFileSync } = require('node:fs');
const { PositionEncoding, Workspace } = require('@astral-sh/ruff-wasm-nodejs');

const workspace = new Workspace(JSON.parse(process.env.SETTINGS), PositionEncoding.Utf32);
const files = readFileSync(0, 'utf8').split('\n').filter(Boolean);
const findings = files.flatMap(file => workspace.check(readFileSync(file, 'utf8'))
    .map(found => `${file}:${found.start_location.row}:${found.start_location.column}: ${found.code} ${found.message}`));
console.log(findings.join('\n') || 'All checks passed!');
process.exitCode = findings.length ? 1 : 0;
