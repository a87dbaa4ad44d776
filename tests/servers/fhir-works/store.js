// The storage that the router of FHIR Works on AWS asks of the application around it: every version of every
// resource, in memory. What HTTP is about (URLs, headers, statuses, Bundles) is the router's.
'use strict';

const { randomUUID } = require('crypto');
const createError = require('http-errors');
const {
    InvalidSearchParameterError,
    MethodNotAllowedError,
    ResourceNotFoundError,
    ResourceVersionNotFoundError,
} = require('fhir-works-on-aws-interface');

const SEARCH_PARAMETERS = [
    { name: '_id', type: 'token' },
    { name: 'identifier', type: 'token' },
];
// These change how a result is shown; this store shows all of it.
const SHOWING = ['_count', '_offset', '_format', '_pretty', '_summary', '_elements', '_total'];
const PAGE_SIZE = 20;
const LARGEST_PAGE = 200;
// A transaction deletes first and reads last, in whatever order its entries stand.
const ORDER = ['delete', 'create', 'update', 'read'];

/** A store for the resource types given. Its parts are what `FhirConfig` calls persistence, search, history and bundle. */
function memoryStore(resourceTypes) {
    // "Patient/1" to its versions, oldest first. A version without a resource is a deletion.
    let kept = new Map();

    const keyOf = (type, id) => `${type}/${id}`;

    function add(type, id, method, resource) {
        const versions = kept.get(keyOf(type, id)) ?? [];
        const version = { type, id, method, versionId: String(versions.length + 1), at: new Date().toISOString() };
        if (resource) {
            const meta = { ...resource.meta, versionId: version.versionId, lastUpdated: version.at };
            version.resource = { ...structuredClone(resource), id, meta };
        }
        kept.set(keyOf(type, id), [...versions, version]);
        return version;
    }

    function current(type, id) {
        const version = kept.get(keyOf(type, id))?.at(-1);
        if (!version) throw new ResourceNotFoundError(type, id);
        if (!version.resource) throw createError.Gone(`Resource ${type}/${id} was deleted`);
        return version;
    }

    function update(type, id, resource) {
        if (!kept.has(keyOf(type, id))) {
            throw new MethodNotAllowedError(`${type}/${id} does not exist, and a PUT creates nothing here`);
        }
        return add(type, id, 'PUT', resource);
    }

    const answer = (version) => ({ message: 'done', resource: structuredClone(version.resource) });
    const unclaimed = async () => {
        throw new MethodNotAllowedError('Not claimed by this server');
    };

    const persistence = {
        updateCreateSupported: false,
        createResource: async ({ resourceType, resource, id }) =>
            answer(add(resourceType, id ?? randomUUID(), 'POST', resource)),
        updateResource: async ({ resourceType, id, resource }) => answer(update(resourceType, id, resource)),
        readResource: async ({ resourceType, id }) => answer(current(resourceType, id)),
        vReadResource: async ({ resourceType, id, vid }) => {
            const version = kept.get(keyOf(resourceType, id))?.find((one) => one.versionId === vid);
            if (!version) throw new ResourceVersionNotFoundError(resourceType, id, vid);
            if (!version.resource) throw createError.Gone(`Version ${vid} of ${resourceType}/${id} is its deletion`);
            return answer(version);
        },
        deleteResource: async ({ resourceType, id }) => {
            current(resourceType, id);
            add(resourceType, id, 'DELETE');
            return { message: 'done' };
        },
        conditionalCreateResource: unclaimed,
        conditionalUpdateResource: unclaimed,
        patchResource: unclaimed,
        conditionalPatchResource: unclaimed,
        conditionalDeleteResource: unclaimed,
        getActiveSubscriptions: async () => [],
    };

    const search = {
        getCapabilities: async () =>
            Object.fromEntries(
                resourceTypes.map((type) => [
                    type,
                    { searchParam: SEARCH_PARAMETERS },
                ]),
            ),
        typeSearch: async ({ resourceType, queryParams = {}, baseUrl }) => {
            const filters = Object.entries(queryParams).filter(([name]) => !SHOWING.includes(name));
            for (const [name] of filters) {
                if (!SEARCH_PARAMETERS.some((known) => known.name === name)) {
                    throw new InvalidSearchParameterError(`Search parameter ${name} is not known`);
                }
            }
            const found = [...kept.values()]
                .map((versions) => versions.at(-1))
                .filter((version) => version.type === resourceType && version.resource)
                .map((version) => version.resource)
                .filter((resource) => filters.every(([name, values]) => matches(resource, name, values)));
            const entry = (resource) => ({
                fullUrl: `${baseUrl}/${resource.resourceType}/${resource.id}`,
                resource: structuredClone(resource),
                search: { mode: 'match' },
            });
            return page(found, queryParams, `${baseUrl}/${resourceType}`, entry);
        },
        globalSearch: unclaimed,
        validateSubscriptionSearchCriteria: () => {},
    };

    const history = {
        instanceHistory: async ({ resourceType, id, queryParams = {}, baseUrl }) => {
            const versions = kept.get(keyOf(resourceType, id));
            if (!versions) throw new ResourceNotFoundError(resourceType, id);
            // The router hands its base URL to searches and not to histories.
            const base = baseUrl ?? '';
            const entry = (version) => ({
                fullUrl: `${base}/${resourceType}/${id}`,
                ...(version.resource ? { resource: structuredClone(version.resource) } : {}),
                request: { method: version.method, url: version.method === 'POST' ? resourceType : `${resourceType}/${id}` },
                response: {
                    status: { POST: '201', PUT: '200', DELETE: '204' }[version.method],
                    etag: `W/"${version.versionId}"`,
                    lastModified: version.at,
                },
            });
            return page([...versions].reverse(), queryParams, `${base}/${resourceType}/${id}/_history`, entry);
        },
        typeHistory: unclaimed,
        globalHistory: unclaimed,
    };

    function perform({ operation, resourceType, id, resource }) {
        const done = {
            create: () => add(resourceType, id, 'POST', resource),
            update: () => update(resourceType, id, resource),
            delete: () => current(resourceType, id) && add(resourceType, id, 'DELETE'),
            read: () => current(resourceType, id),
        }[operation]();
        return {
            id,
            vid: done.versionId,
            resourceType,
            operation,
            resource: structuredClone(done.resource ?? {}),
            lastModified: done.at,
        };
    }

    const bundle = {
        batch: async ({ requests }) => ({
            success: true,
            message: 'done',
            batchReadWriteResponses: requests.map((request) => {
                try {
                    return perform(request);
                } catch (failure) {
                    return { ...request, resource: undefined, error: statusOf(failure) };
                }
            }),
        }),
        transaction: async ({ requests }) => {
            const before = new Map(kept);
            const responses = [];
            const changed = requests.filter(({ operation }) => operation === 'update' || operation === 'delete');
            try {
                if (new Set(changed.map(({ resourceType, id }) => keyOf(resourceType, id))).size < changed.length) {
                    throw new Error('Two entries change the same resource');
                }
                for (const operation of ORDER) {
                    requests.forEach((request, place) => {
                        if (request.operation === operation) responses[place] = perform(request);
                    });
                }
            } catch (failure) {
                kept = before;
                return { success: false, errorType: 'USER_ERROR', message: failure.message, batchReadWriteResponses: [] };
            }
            return { success: true, message: 'done', batchReadWriteResponses: responses };
        },
    };

    return { persistence, search, history, bundle };
}

function matches(resource, name, values) {
    const anyOf = (text, test) => text.split(',').some(test);
    if (name === '_id') return [values].flat().every((text) => anyOf(text, (id) => id === resource.id));
    return [values].flat().every((text) =>
        anyOf(text, (token) => {
            const [system, value] = token.includes('|') ? token.split('|') : [undefined, token];
            return [resource.identifier ?? []].flat().some(
                (one) =>
                    (system === undefined || (one.system ?? '') === system) && (value === '' || one.value === value),
            );
        }),
    );
}

function page(all, queryParams, url, entry) {
    const number = (name, otherwise) => {
        const text = queryParams[name] ?? String(otherwise);
        if (!/^\d{1,9}$/.test(text)) throw new InvalidSearchParameterError(`${name} has to be a number, not ${text}`);
        return Number(text);
    };
    const size = Math.min(number('_count', PAGE_SIZE), LARGEST_PAGE);
    const start = number('_offset', 0);
    const at = (offset) => `${url}?${new URLSearchParams({ ...queryParams, _count: size, _offset: offset })}`;
    const result = {
        numberOfResults: all.length,
        entries: all.slice(start, start + size).map(entry),
        message: '',
    };
    if (size > 0 && start > 0) result.previousResultUrl = at(Math.max(0, start - size));
    if (size > 0 && start + size < all.length) result.nextResultUrl = at(start + size);
    return { result };
}

function statusOf(failure) {
    if (failure instanceof ResourceNotFoundError) return '404 Not Found';
    if (failure instanceof MethodNotAllowedError) return '405 Method Not Allowed';
    return createError.isHttpError(failure) ? `${failure.statusCode} ${failure.message}` : '500 Internal Server Error';
}

module.exports = { memoryStore };
