/* Runs a plug-in of ours on the little of Vendure that it uses: each line of the input is an event of a bus. */
"use strict";

const { readFileSync } = require("node:fs");
const Module = require("node:module");
const { createInterface } = require("node:readline");

const subscribers = new Map();
const bus = {
    ofType: (kind) => ({
        subscribe(hear) {
            subscribers.set(kind.name, hear);
            return { unsubscribe: () => subscribers.delete(kind.name) };
        },
    }),
};

class StockMovementEvent {}
class ProductVariantEvent {}
class GlobalSettingsEvent {}
class StockLocationEvent {}
class GlobalSettings {}
class StockLevel {}

/** The ids of variants that have been deleted. */
let removed = new Set();
const row = (id) => ({
    stockLocationId: 1,
    stockOnHand: 3,
    stockAllocated: 1,
    updatedAt: new Date(1000),
    productVariant: {
        id,
        sku: `V-${id}`,
        trackInventory: "TRUE",
        useGlobalOutOfStockThreshold: true,
        deletedAt: removed.has(id) ? new Date() : null,
    },
});
const query = (ids) => ({
    innerJoinAndSelect: () => query(ids),
    where: (_, given) => query(given.ids),
    getMany: async () => ids.map(row),
});
const tables = {
    GlobalSettings: { findOneOrFail: async () => ({ trackInventory: true, outOfStockThreshold: 0 }) },
    StockLevel: { createQueryBuilder: () => query([]) },
};
const connection = { rawConnection: { getRepository: (table) => tables[table.name] } };

const core = {
    StockMovementEvent,
    ProductVariantEvent,
    GlobalSettingsEvent,
    StockLocationEvent,
    GlobalSettings,
    StockLevel,
    EventBus: class {},
    TransactionalConnection: class {},
    PluginCommonModule: class {},
    VendurePlugin: () => (plugin) => plugin,
    Logger: { warn: (text) => console.error(text) },
};
Reflect.defineMetadata = () => {};
Reflect.decorate = (decorators, target) => decorators.reduce((made, one) => one(made) ?? made, target);
const load = Module._load;
Module._load = (name, ...rest) => (name === "@vendure/core" ? core : load(name, ...rest));

const { tentouStock } = require(process.argv[2]);
const TentouStock = tentouStock(JSON.parse(readFileSync(process.argv[3], "utf8")));
const plugin = new TentouStock(bus, connection);
plugin.onApplicationBootstrap();
createInterface({ input: process.stdin })
    .on("line", (line) => {
        const { kind, event, gone } = JSON.parse(line);
        removed = new Set(gone ?? removed);
        subscribers.get(kind)(event);
    })
    .on("close", () => plugin.onApplicationShutdown());
