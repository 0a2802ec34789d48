//! The corpus: what each service of a small shop logs; what is in braces is filled by the template.

/// The messages of one service, by level.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) name: &'static str,
    /// Below WARN.
    pub(super) info: &'static [&'static str],
    /// WARN.
    pub(super) warn: &'static [&'static str],
    /// ERROR and worse.
    pub(super) error: &'static [&'static str],
    /// Frames of a stack trace.
    pub(super) frames: &'static [&'static str],
}

pub(super) const SERVICES: &[Service] = &[
    Service {
        name: "gateway",
        info: &[
            "GET {path} 200 in {ms} ms",
            "POST {path} 201 in {ms} ms",
            "GET {path} 304 in {ms} ms from {ip}",
            "connection from {ip} closed after {n} requests",
        ],
        warn: &[
            "slow answer: GET {path} took {ms} ms",
            "client {ip} is over its limit: {n} requests in 10 s",
        ],
        error: &[
            "upstream checkout timed out after {ms} ms: POST {path}",
            "502 for GET {path}: connection reset by peer",
        ],
        frames: &[
            "proxy::upstream::send ({hex})",
            "proxy::pool::acquire src/pool.rs:{n}",
            "proxy::server::handle src/server.rs:{n}",
            "tokio::runtime::task::raw::poll",
        ],
    },
    Service {
        name: "checkout",
        info: &[
            "order {id} placed by {user}: {n} items",
            "payment of order {id} authorised in {ms} ms",
            "cart {hex} turned into order {id}",
            "voucher \"WELCOME-{n}\" applied to order {id}",
        ],
        warn: &[
            "payment of order {id} needed a second try after {ms} ms",
            "stock of item {id} is low: {n} left",
        ],
        error: &[
            "payment of order {id} failed: card declined by the provider",
            "cannot reserve item {id}: the warehouse does not answer",
        ],
        frames: &[
            "com.shop.checkout.PaymentClient.charge(PaymentClient.java:{n})",
            "com.shop.checkout.OrderService.place(OrderService.java:{n})",
            "com.shop.checkout.api.OrderResource.post(OrderResource.java:{n})",
            "java.base/java.lang.Thread.run(Thread.java:1583)",
        ],
    },
    Service {
        name: "accounts",
        info: &[
            "user {user} ({id}) logged in from {ip}",
            "session {hex} of user {id} renewed",
            "token for user {id} issued in {ms} ms",
            "user {user} changed the e-mail address",
        ],
        warn: &[
            "wrong password for user {user} from {ip}, try {n}",
            "session {hex} used from a new address: {ip}",
        ],
        error: &[
            "cannot verify the token of user {id}: key {hex} is unknown",
            "user {id} locked after {n} wrong passwords",
        ],
        frames: &[
            "File \"/app/accounts/tokens.py\", line {n}, in verify",
            "File \"/app/accounts/views.py\", line {n}, in login",
            "File \"/usr/lib/python3/dist-packages/asgi/router.py\", line {n}, in __call__",
        ],
    },
    Service {
        name: "inventory",
        info: &[
            "{n} items counted in {ms} ms",
            "item {id} moved to shelf {n}",
            "import of {hex}.csv: {n} rows",
            "cache refreshed: {n} entries in {ms} ms",
        ],
        warn: &[
            "query took {ms} ms: SELECT * FROM items WHERE shelf = {n}",
            "import of {hex}.csv: {n} rows skipped",
        ],
        error: &[
            "database connection failed: no answer within {ms} ms",
            "import of {hex}.csv broken off at row {n}: not UTF-8",
        ],
        frames: &[
            "main.(*Store).Query(0x{hex}) /app/store.go:{n}",
            "main.(*Importer).Run(0x{hex}) /app/importer.go:{n}",
            "runtime.goexit() /usr/local/go/src/runtime/asm_amd64.s:1700",
        ],
    },
    Service {
        name: "mailer",
        info: &[
            "mail {hex} to customer {id} handed over in {ms} ms",
            "queue: {n} mails wait",
            "template order-confirmation rendered for {user} in {ms} ms",
        ],
        warn: &["mail {hex} put back: the server asks to come again in {n} s"],
        error: &["mail {hex} to customer {id} bounced: mailbox unavailable"],
        frames: &[
            "at Transport.send (/app/src/transport.ts:{n}:17)",
            "at Queue.next (/app/src/queue.ts:{n}:5)",
            "at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
        ],
    },
];
