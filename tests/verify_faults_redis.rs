//! Redis over TCP and TLS in every bad shape, on real servers: each is told by its name and within its time.
#![allow(clippy::expect_used, clippy::panic, clippy::print_stdout)]

#[path = "support/certificates.rs"]
mod certificates;
#[path = "support/probing.rs"]
mod probing;
#[path = "support/redis.rs"]
#[allow(dead_code)]
mod redis;
#[path = "support/stub.rs"]
mod stub;

use certificates::{Authority, Pair};
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use palier::client::Cause;
use palier::verify::{Around, Status};
use probing::{PLANTED, cause, cause_of, note, probe};
use redis::RedisServer;
use stub::{Manner, Stub, closed_port};

const LIMIT: f64 = 1.5;

fn around(url: &str) -> Around {
    probing::around(&[("REDIS_URL", url), ("PALIER_WEB_URL", url)], LIMIT)
}

fn plain(port: u16) -> Around {
    around(&format!("redis://default:{PLANTED}@127.0.0.1:{port}/0"))
}

/// A server with a password, and with TLS on a port of its own.
struct Both {
    server: RedisServer,
    tls_port: u16,
    authority: Authority,
}

impl Both {
    fn start() -> Option<Self> {
        let (server, authority) = (RedisServer::start()?, Authority::new()?);
        let tls_port = closed_port();
        let both = Self { server, tls_port, authority };
        both.show(&both.authority.certificate("localhost", 20));
        both.set(&format!("requirepass {PLANTED}"));
        Some(both)
    }

    fn show(&self, pair: &Pair) {
        let (certificate, key) = (pair.certificate.display(), pair.key.display());
        let authority = self.authority.path();
        let tls = format!("tls-port {} tls-auth-clients no", self.tls_port);
        let files = format!("tls-cert-file {certificate} tls-key-file {key} tls-ca-cert-file {}", authority.display());
        self.set(&format!("{files} {tls}"));
    }

    /// Sets something on the server, with the password where there is one already.
    fn set(&self, what: &str) {
        assert_eq!(self.run(&format!("CONFIG SET {what}")), "+OK", "{what}");
    }

    fn run(&self, command: &str) -> String {
        use std::io::{BufRead, BufReader, Write};
        let mut stream = std::net::TcpStream::connect(("127.0.0.1", self.server.port())).expect("a connection");
        stream.write_all(format!("AUTH {PLANTED}\r\n{command}\r\n").as_bytes()).expect("sent");
        let lines = BufReader::new(stream).lines();
        lines.map_while(Result::ok).nth(1).expect("an answer")
    }

    fn plain(&self) -> Around {
        plain(self.server.port())
    }

    fn secure(&self) -> Around {
        let url = format!("rediss://default:{PLANTED}@localhost:{}", self.tls_port);
        Around { authorities: Some(self.authority.pem()), ..around(&url) }
    }
}

#[test]
fn a_good_server_is_described_over_both_ways() {
    let Some(both) = Both::start() else { return };
    both.set("maxmemory 64mb maxmemory-policy allkeys-lru");
    for around in [both.plain(), both.secure()] {
        let outcome = probing::look(&probe("redis").wants("eviction", "allkeys-lru"), &around);
        assert_eq!(outcome.status, Status::Holds, "{outcome:?}");
        assert!(outcome.note.contains("Redis ") || outcome.note.contains("Valkey "), "{outcome:?}");
        assert!(!outcome.note.contains("refuses"), "{outcome:?}");
        let limit = outcome.figures.iter().find(|figure| figure.name == "memory limit").expect("a limit");
        assert!((limit.value - 64.0 * 1_048_576.0).abs() < 1.0, "{limit:?}");
        let told = note(&probe("latency").wants("url_variable", "REDIS_URL"), &around);
        assert!(told.contains("from here") && told.contains("10 tries"), "{told}");
        assert_eq!(cause_of(&probe("redis").wants("eviction", "noeviction"), &around), Cause::UnexpectedAnswer);
    }
    assert_eq!(both.run("DBSIZE"), ":0", "the probe leaves nothing behind");
    note(&probe("tls").wants("url_variable", "REDIS_URL"), &both.secure());
}

#[test]
fn each_side_alone_speaking_tls_is_told_by_trying_the_other_way() {
    let Some(both) = Both::start() else { return };
    assert_eq!(cause("redis", &plain(both.tls_port)), Cause::TlsPort);
    let url = format!("rediss://default:{PLANTED}@localhost:{}", both.server.port());
    assert_eq!(cause("redis", &around(&url)), Cause::PlainPort);
}

#[test]
fn passwords_that_are_wrong_missing_or_superfluous_are_told_apart() {
    let Some(both) = Both::start() else { return };
    for (way, port) in [("redis://", both.server.port()), ("rediss://", both.tls_port)] {
        let with = |login: &str| {
            let trusting = both.secure();
            Around { authorities: trusting.authorities, ..around(&format!("{way}{login}localhost:{port}")) }
        };
        assert_eq!(cause("redis", &with("default:wrong-one@")), Cause::WrongPassword, "{way}");
        assert_eq!(cause("redis", &with(":wrong-one@")), Cause::WrongPassword, "{way}");
        assert_eq!(cause("redis", &with("")), Cause::PasswordMissing, "{way}");
        let outcome = probing::look(&probe("redis"), &with("default:wrong-one@"));
        assert!(!format!("{outcome:?}").contains("wrong-one"), "{outcome:?}");
    }
    both.set("requirepass \"\"");
    let superfluous = around(&format!("redis://:superfluous@127.0.0.1:{}", both.server.port()));
    assert_eq!(cause("redis", &superfluous), Cause::WrongPassword);
}

#[test]
fn a_server_that_is_full_read_only_or_without_connections_is_told() {
    let Some(both) = Both::start() else { return };
    both.set("maxmemory 1 maxmemory-policy noeviction");
    for around in [both.plain(), both.secure()] {
        assert_eq!(cause("redis", &around), Cause::Full);
    }
    both.set("maxmemory 0");
    assert_eq!(both.run(&format!("REPLICAOF 127.0.0.1 {}", closed_port())), "+OK");
    for around in [both.plain(), both.secure()] {
        assert_eq!(cause("redis", &around), Cause::ReadOnly);
    }
    assert_eq!(both.run("REPLICAOF NO ONE"), "+OK");
    both.set("maxclients 1");
    let held = std::net::TcpStream::connect(("127.0.0.1", both.server.port())).expect("the only connection");
    std::thread::sleep(std::time::Duration::from_millis(100));
    assert_eq!(cause("redis", &both.plain()), Cause::TooManyConnections);
    drop(held);
}

#[test]
fn users_that_may_not_write_and_databases_that_do_not_exist_are_told() {
    let Some(both) = Both::start() else { return };
    assert_eq!(both.run("ACL SETUSER reader on >reading-only ~* +@read +ping +info +select +config|get"), "+OK");
    let url = format!("redis://reader:reading-only@127.0.0.1:{}", both.server.port());
    assert_eq!(cause("redis", &around(&url)), Cause::NotPermitted);
    let url = format!("redis://default:{PLANTED}@127.0.0.1:{}/99", both.server.port());
    assert_eq!(cause("redis", &around(&url)), Cause::Missing);
}

#[test]
fn commands_that_are_refused_are_named_and_missed_where_they_are_needed() {
    let Some(both) = Both::start() else { return };
    let rules = "ACL SETUSER app on >app-password ~* &* +@all -select -wait -object -slowlog -config -blpop";
    assert_eq!(both.run(rules), "+OK");
    let around = around(&format!("redis://app:app-password@127.0.0.1:{}", both.server.port()));
    let told = note(&probe("redis"), &around);
    assert!(told.contains("refuses SELECT, CONFIG, BLPOP, WAIT, OBJECT, SLOWLOG"), "{told}");
    let needs = probe("redis").wants("commands", serde_json::json!(["EVAL", "BLPOP"]));
    assert_eq!(cause_of(&needs, &around), Cause::NotPermitted);
}

#[test]
fn a_server_that_is_stopped_or_paused_is_told() {
    let Some(both) = Both::start() else { return };
    let process = Pid::from_raw(i32::try_from(both.server.id()).expect("an id"));
    kill(process, Signal::SIGSTOP).expect("paused");
    let found: Vec<Cause> = [both.plain(), both.secure()].iter().map(|around| cause("redis", around)).collect();
    kill(process, Signal::SIGCONT).expect("it goes on");
    assert_eq!(found, [Cause::Silent, Cause::Silent]);
    note(&probe("redis"), &both.plain());
    let port = closed_port();
    assert_eq!(cause("redis", &plain(port)), Cause::Refused);
    assert_eq!(cause("redis", &around(&format!("rediss://localhost:{port}"))), Cause::Refused);
}

#[test]
fn certificates_are_told_by_what_is_wrong_with_them() {
    let Some(both) = Both::start() else { return };
    for (name, days, expected) in
        [("localhost", -1, Cause::CertificateExpired), ("other.example.com", 20, Cause::CertificateName)]
    {
        both.show(&both.authority.certificate(name, days));
        assert_eq!(cause("redis", &both.secure()), expected);
        assert_eq!(cause_of(&probe("tls").wants("url_variable", "REDIS_URL"), &both.secure()), expected);
    }
    both.show(&both.authority.certificate("localhost", 20));
    let strangers = Around { authorities: None, ..both.secure() };
    assert_eq!(cause("redis", &strangers), Cause::CertificateUntrusted);
}

#[test]
fn half_open_slow_and_cut_connections_are_told_apart() {
    for (manner, expected) in [
        (Manner::Silent, Cause::Silent),
        (Manner::Resets("+O"), Cause::Reset),
        (Manner::Says("-LOADING Redis is loading the dataset in memory\r\n"), Cause::Starting),
        (Manner::Dribbles("+PO"), Cause::Slow),
        (Manner::Says("-DENIED Redis is running in protected mode\r\n"), Cause::AddressNotAllowed),
        (Manner::Says("+O"), Cause::Closed),
        (Manner::Says("HTTP/1.1 400 Bad Request\r\n"), Cause::UnexpectedAnswer),
    ] {
        let stub = Stub::plain(manner);
        assert_eq!(cause("redis", &plain(stub.port())), expected);
    }
    let Some(authority) = Authority::new() else { return };
    let pair = authority.certificate("localhost", 20);
    for (manner, expected) in
        [(Manner::Silent, Cause::Silent), (Manner::Resets("+O"), Cause::Reset), (Manner::Says("+O"), Cause::Closed)]
    {
        let stub = Stub::tls(manner, &pair);
        let url = format!("rediss://default:{PLANTED}@localhost:{}", stub.port());
        let around = Around { authorities: Some(authority.pem()), ..around(&url) };
        assert_eq!(cause("redis", &around), expected, "over TLS");
    }
}

#[test]
fn a_port_whose_queue_is_full_times_out() {
    use nix::sys::socket::{AddressFamily, Backlog, SockFlag, SockType, SockaddrIn, bind, getsockname, listen, socket};
    use std::os::fd::AsRawFd;
    let listener = socket(AddressFamily::Inet, SockType::Stream, SockFlag::empty(), None).expect("a socket");
    bind(listener.as_raw_fd(), &SockaddrIn::new(127, 0, 0, 1, 0)).expect("bound");
    listen(&listener, Backlog::new(0).expect("a backlog")).expect("listens");
    let port = getsockname::<SockaddrIn>(listener.as_raw_fd()).expect("its address").port();
    // Nobody accepts: the first fills the queue, and the kernel drops the others.
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], port));
    let short = std::time::Duration::from_millis(200);
    let _held: Vec<_> = (0..3).map(|_| std::net::TcpStream::connect_timeout(&address, short)).collect();
    for kind in ["tcp", "redis", "http", "tls"] {
        let scheme = if kind == "tls" {
            "https"
        } else if kind == "redis" {
            "redis"
        } else {
            "http"
        };
        let found = cause(kind, &around(&format!("{scheme}://127.0.0.1:{port}")));
        assert_eq!(found, Cause::TimedOut, "{kind}");
    }
}

#[test]
fn a_server_of_a_cluster_is_asked_for_a_key_of_its_own() {
    let bus = [closed_port().to_string(), closed_port().to_string()];
    let start = |bus: &str| RedisServer::start_with_arguments(&["--cluster-enabled", "yes", "--cluster-port", bus]);
    let (Some(first), Some(second)) = (start(&bus[0]), start(&bus[1])) else { return };
    assert_eq!(first.command("CLUSTER ADDSLOTSRANGE 0 1000").as_deref(), Some("+OK"));
    assert_eq!(second.command("CLUSTER ADDSLOTSRANGE 1001 16383").as_deref(), Some("+OK"));
    assert_eq!(first.command(&format!("CLUSTER MEET 127.0.0.1 {} {}", second.port(), bus[1])).as_deref(), Some("+OK"));
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while first.command("SET somewhere 1").is_none_or(|answer| answer.starts_with("-CLUSTERDOWN")) {
        assert!(std::time::Instant::now() < deadline, "the servers do not find each other");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    for server in [&first, &second] {
        let told = note(&probe("redis"), &around(&server.url()));
        assert!(told.contains("a cluster") && told.contains("refuses SELECT"), "{told}");
    }
}
