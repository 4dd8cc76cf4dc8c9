/* Stock of a Vendure shop for Tentou: pushes what a variant has wherever its stock moved, as soon as that is committed.
 *
 * For the server of a shop that is one process (Vendure 3): copy this file beside its configuration, then
 *
 *     const { tentouStock } = require("./tentou-stock");
 *     plugins: [tentouStock({ url: "https://hub.example/hooks/vendure", secret: "..." })],
 *
 * A movement says by how much stock changed, so what is pushed is read from the levels, with their own stamps. Each
 * push is signed, numbered without gaps, and one goes out each `beatS` seconds (5) even if nothing moved; one names
 * `most` variants (500) at most. What makes all levels read otherwise begins the numbers anew: all is read again then.
 */
"use strict";

const { createHmac, randomUUID } = require("node:crypto");
const core = require("@vendure/core");

const FORMAT = "tentou-stock-push/1";
const UNSURE_MS = 1000; // from a commit until its event is heard
const PAUSE_MS = 200;
const LONGEST_MS = 5000;

/** Numbered pushes of what moved; `read` gives the levels of variants. */
class Pushes {
    constructor(settings, read) {
        this.settings = { beatS: 5, most: 500, ...settings };
        this.read = read;
        this.begin();
        this.moved = new Set();
        this.wholeMs = Date.now() - UNSURE_MS;
        this.ended = false;
        this.wake = () => {};
    }

    begin() {
        this.stream = randomUUID();
        this.seq = 0;
    }

    /** Something changed that no variant's push tells: with another stream nothing is vouched for until all was read. */
    renew() {
        this.begin();
        this.wake();
    }

    tell(ids) {
        for (const id of ids) this.moved.add(id);
        this.wake();
    }

    end() {
        this.ended = true;
        this.wake();
    }

    /** For ever: what moved, as soon as it did, and a beat when nothing does.
     *
     * A push that leaves some of it to later ones vouches for the rest as of the last one that left nothing.
     */
    async run() {
        while (!this.ended) {
            const nowMs = Date.now() - UNSURE_MS;
            const ids = [...this.moved].slice(0, this.settings.most);
            for (const id of ids) this.moved.delete(id);
            if (!this.moved.size) this.wholeMs = nowMs;
            const rows = ids.length ? await this.rows(ids) : { levels: [], gone: [] };
            this.seq += 1;
            const numbered = { id: randomUUID(), stream: this.stream, seq: this.seq, sent_ms: this.wholeMs };
            const push = { format: FORMAT, ...numbered, ...rows };
            await this.send(Buffer.from(JSON.stringify(push)));
            if (!this.moved.size) await this.rest(this.settings.beatS * 1000);
        }
    }

    async rows(ids) {
        while (!this.ended) {
            try {
                return await this.read(ids);
            } catch (error) {
                core.Logger.warn(`stock is not read: ${error.name}`, "tentou-stock");
                await this.rest(LONGEST_MS);
            }
        }
        return { levels: [], gone: [] };
    }

    /** Send it until it was taken, with the same bytes. */
    async send(body) {
        const signature = createHmac("sha256", this.settings.secret).update(body).digest("hex");
        const headers = { "content-type": "application/json", "x-tentou-signature": `sha256=${signature}` };
        for (let pause = PAUSE_MS; !this.ended; pause = Math.min(2 * pause, LONGEST_MS)) {
            try {
                const signal = AbortSignal.timeout(5000);
                const asked = { method: "POST", headers, body, redirect: "manual", signal };
                const answer = await fetch(this.settings.url, asked);
                await answer.arrayBuffer();
                if (answer.ok) return;
            } catch {
                // The hub is away: it is asked again.
            }
            await new Promise((done) => setTimeout(done, pause));
        }
    }

    rest(ms) {
        return new Promise((done) => {
            const timer = setTimeout(done, ms);
            this.wake = () => {
                clearTimeout(timer);
                done();
            };
        });
    }
}

/** What variants have at each location, as the adapter reads it by the Admin API, too; of a deleted one it is gone. */
async function rowsOf(connection, ids) {
    const settings = await connection.rawConnection.getRepository(core.GlobalSettings).findOneOrFail({ where: {} });
    const rows = await connection.rawConnection
        .getRepository(core.StockLevel)
        .createQueryBuilder("level")
        .innerJoinAndSelect("level.productVariant", "variant")
        .where("level.productVariantId IN (:...ids)", { ids })
        .getMany();
    const gone = rows.filter((row) => row.productVariant.deletedAt);
    const there = rows.filter((row) => !row.productVariant.deletedAt);
    return {
        levels: there.map((row) => told(row, row.productVariant, settings)),
        gone: gone.map((row) => ({ sku: row.productVariant.sku, location: String(row.stockLocationId) })),
    };
}

function told(row, variant, settings) {
    const level = {
        sku: variant.sku,
        location: String(row.stockLocationId),
        revision: row.updatedAt.getTime(),
    };
    const tracked = variant.trackInventory === "INHERIT" ? settings.trackInventory : variant.trackInventory === "TRUE";
    if (!tracked) return { ...level, status: "in" };
    const kept = variant.useGlobalOutOfStockThreshold ? settings.outOfStockThreshold : variant.outOfStockThreshold;
    return { ...level, on_hand: row.stockOnHand, reserved: row.stockAllocated, safety: kept };
}

const variantOf = (movement) => movement.productVariant.id;

/** Whether a change of the shop's settings says what levels are worth. */
function counts(input) {
    return !input || "trackInventory" in input || "outOfStockThreshold" in input;
}

/** The plug-in, with its `url`, `secret`, `beatS` and `most`. */
function tentouStock(settings) {
    class TentouStock {
        constructor(events, connection) {
            this.events = events;
            this.pushes = new Pushes(settings, (ids) => rowsOf(connection, ids));
        }

        onApplicationBootstrap() {
            const { pushes } = this;
            this.heard = [
                this.on(core.StockMovementEvent, (event) => pushes.tell(event.stockMovements.map(variantOf))),
                this.on(core.ProductVariantEvent, (event) => pushes.tell(event.entity.map((variant) => variant.id))),
                this.on(core.GlobalSettingsEvent, (event) => counts(event.input) && pushes.renew()),
                // Its stock may have gone to another location, without a movement.
                this.on(core.StockLocationEvent, (event) => event.type === "deleted" && pushes.renew()),
            ];
            pushes.run();
        }

        on(kind, hear) {
            return this.events.ofType(kind).subscribe(hear);
        }

        onApplicationShutdown() {
            for (const one of this.heard ?? []) one.unsubscribe();
            this.pushes.end();
        }
    }
    Reflect.defineMetadata("design:paramtypes", [core.EventBus, core.TransactionalConnection], TentouStock);
    const plugin = core.VendurePlugin({ imports: [core.PluginCommonModule], compatibility: "^3.0.0" });
    return Reflect.decorate([plugin], TentouStock);
}

module.exports = { tentouStock };
