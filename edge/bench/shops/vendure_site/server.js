/* A small Vendure on sql.js in memory, for tests and benchmarks alone. */
"use strict";

const { bootstrap, dummyPaymentHandler, DefaultLogger, LogLevel } = require("@vendure/core");
const { tentouStock } = require(process.env.EC_APP);

const push = process.env.EC_PUSH;
const told = {
    url: push,
    secret: process.env.EC_SECRET,
    beatS: Number(process.env.EC_BEAT_S),
    most: Number(process.env.EC_MOST),
};
bootstrap({
    apiOptions: { port: Number(process.env.EC_PORT), hostname: "127.0.0.1", adminApiPath: "admin-api", shopApiPath: "shop-api" },
    authOptions: {
        tokenMethod: ["bearer"],
        superadminCredentials: { identifier: "superadmin", password: "superadmin" },
        requireVerification: false,
    },
    dbConnectionOptions: { type: "sqljs", synchronize: true, logging: false },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    logger: new DefaultLogger({ level: LogLevel.Warn, timestamp: false }),
    plugins: push ? [tentouStock(told)] : [],
}).catch((error) => {
    console.error(String(error));
    process.exit(1);
});
