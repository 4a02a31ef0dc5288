use super::endpoint::{Speaks, endpoint};
use super::{Around, Seen, asked};
use crate::client::http::{Client, Request, Site};
use crate::client::postgres::{Address, Connection};
use crate::client::{Cause, Deadline, Fault, redis, tcp};
use crate::plan::Probe;

/// Asks again and again on one connection and says how long an answer takes, seen from this machine.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let endpoint = match endpoint(probe, around)? {
        Ok(endpoint) => endpoint,
        Err(unknown) => return Ok(unknown),
    };
    let at = endpoint.shown();
    if endpoint.speaks == Speaks::Http && asked::text(probe, "token_variable").is_none() {
        let site = Site::parse(around.address(asked::variable(probe, "PALIER_WEB_URL"))?)?;
        super::http::wake_first(probe, around, &site, &Client::new(&site, around.authorities()))?;
    }
    let deadline = around.deadline();
    let (question, mut times) = match endpoint.speaks {
        Speaks::Http if asked::text(probe, "token_variable").is_some() => {
            ("PING over HTTP", rest(probe, around, &deadline)?)
        }
        Speaks::Http => ("a page", http(probe, around, &deadline)?),
        Speaks::Postgres => ("SELECT 1", postgres(probe, around, &deadline)?),
        Speaks::Redis => ("PING", redis_times(probe, around, &deadline)?),
        Speaks::Other => (
            "a connection",
            measure(around, &deadline, || tcp::connect(&endpoint.host, endpoint.port, deadline.left()).map(drop))?,
        ),
    };
    times.sort_by(f64::total_cmp);
    let count = times.len();
    let (middle, high) = (rank(&times, 0.5), rank(&times, 0.95));
    let note = format!(
        "from here to {at}: {question} takes {middle:.1} ms (p50) and {high:.1} ms (p95) of {count} tries; \
         from the service itself it may differ"
    );
    Ok(Seen::holds(note).figure("p50", middle, "ms").figure("p95", high, "ms"))
}

fn http(probe: &Probe, around: &Around, deadline: &Deadline) -> Result<Vec<f64>, Fault> {
    let site = Site::parse(around.address(asked::variable(probe, "PALIER_WEB_URL"))?)?;
    let client = Client::new(&site, around.authorities());
    let request = Request { path: super::http::path(probe, around), ..Request::default() };
    // The first one opens the connection.
    client.send(&request, deadline)?;
    measure(around, deadline, || client.send(&request, deadline).map(drop))
}

fn rest(probe: &Probe, around: &Around, deadline: &Deadline) -> Result<Vec<f64>, Fault> {
    let site = Site::parse(around.address(asked::variable(probe, "UPSTASH_REDIS_REST_URL"))?)?;
    let token = around.address(asked::text(probe, "token_variable").unwrap_or("UPSTASH_REDIS_REST_TOKEN"))?;
    let client = Client::new(&site, around.authorities());
    let request = Request { method: "POST", token: Some(token), json: Some("[\"PING\"]"), ..Request::default() };
    client.send(&request, deadline)?;
    measure(around, deadline, || client.send(&request, deadline).map(drop))
}

fn postgres(probe: &Probe, around: &Around, deadline: &Deadline) -> Result<Vec<f64>, Fault> {
    let address = Address::parse(around.address(asked::variable(probe, "DATABASE_URL"))?)?;
    let mut connection = Connection::open(&address, deadline.left())?;
    let times = measure(around, deadline, || {
        connection.run("SELECT 1").map_err(|error| {
            Fault::new(Cause::Silent, format!("{} does not answer: {error}", address.shown())).remedy(error.hint)
        })
    });
    connection.close();
    times
}

fn redis_times(probe: &Probe, around: &Around, deadline: &Deadline) -> Result<Vec<f64>, Fault> {
    let Ok(address) = super::redis::address(probe, around)? else { return Ok(Vec::new()) };
    let mut connection = redis::Connection::open(&address, around.authorities(), deadline)?;
    measure(around, deadline, || connection.demand(&["PING"]).map(drop))
}

/// The times of as many tries as the policy asks for and the deadline allows, in milliseconds; one at least.
fn measure(
    around: &Around,
    deadline: &Deadline,
    mut ask: impl FnMut() -> Result<(), Fault>,
) -> Result<Vec<f64>, Fault> {
    let mut times = Vec::new();
    for _ in 0..around.policy.verify.latency_tries.max(1) {
        let begin = around.clock.elapsed();
        ask()?;
        times.push(asked::milliseconds(around.clock.elapsed().saturating_sub(begin)));
        if deadline.left() < deadline.limit() / 10 {
            break;
        }
    }
    Ok(times)
}

/// The nearest rank: a time that was really measured.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "an index")]
fn rank(sorted: &[f64], share: f64) -> f64 {
    let at = (share * sorted.len() as f64).ceil() as usize;
    sorted.get(at.saturating_sub(1)).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn a_rank_is_one_of_the_measured_times() {
        let times: Vec<f64> = (1..=20).map(f64::from).collect();
        assert_eq!((rank(&times, 0.5), rank(&times, 0.95)), (10.0, 19.0));
        assert_eq!((rank(&[7.0], 0.95), rank(&[], 0.5)), (7.0, 0.0));
    }
}
