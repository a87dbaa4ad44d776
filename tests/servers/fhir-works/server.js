// FHIR Works on AWS for R4 on 127.0.0.1: its router and its JSON Schema validator, over the store beside this file.
'use strict';

const { generateServerlessRouter } = require('fhir-works-on-aws-routing');
const { default: JsonSchemaValidator } = require('fhir-works-on-aws-routing/lib/router/validation/jsonSchemaValidator');
const { stubs } = require('fhir-works-on-aws-interface');
const { memoryStore } = require('./store');

const TYPES = ['Patient', 'Observation', 'Procedure', 'Encounter', 'Practitioner', 'Condition', 'Organization'];

const port = Number(process.argv[2]);
if (!Number.isInteger(port) || port < 1 || port > 65535) {
    console.error('the one argument is the port, from 1 to 65535');
    process.exit(2);
}

// The router logs every refusal; standard output belongs to the one "ready" line.
console.log = console.error;

const base = `http://127.0.0.1:${port}`;
const store = memoryStore(TYPES);
const fhirVersion = '4.0.1';
const router = generateServerlessRouter(
    {
        configVersion: 1,
        productInfo: { orgName: 'fhir-assay', productTitle: 'FHIR Works on AWS over a store in memory' },
        auth: { strategy: {}, authorization: stubs.passThroughAuthz },
        server: { url: base },
        validators: [new JsonSchemaValidator(fhirVersion)],
        profile: {
            fhirVersion,
            systemOperations: ['transaction', 'batch'],
            bundle: store.bundle,
            systemSearch: stubs.search,
            systemHistory: stubs.history,
            genericResource: {
                operations: ['create', 'read', 'vread', 'update', 'delete', 'history-instance', 'search-type'],
                fhirVersions: [fhirVersion],
                persistence: store.persistence,
                typeSearch: store.search,
                typeHistory: store.history,
            },
        },
    },
    TYPES,
);

const server = router.listen(port, '127.0.0.1', () => process.stdout.write(`ready ${base}\n`));
server.on('error', (failure) => {
    console.error(String(failure));
    process.exit(1);
});
for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => process.exit(0));
