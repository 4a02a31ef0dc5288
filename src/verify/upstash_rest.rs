use serde_json::{Value, json};

use super::asked::{self, milliseconds};
use super::{Around, Seen};
use crate::client::http::{Client, Request, Site};
use crate::client::redis::of_refusal;
use crate::client::{Cause, Deadline, Fault, Secret};
use crate::plan::Probe;

/// Asks over Upstash's HTTP interface, with the token that writes and with the one that only reads.
pub(super) fn look(probe: &Probe, around: &Around) -> Result<Seen, Fault> {
    let url = asked::address_or_unknown!(around, asked::variable(probe, "UPSTASH_REDIS_REST_URL"));
    let token_variable = asked::text(probe, "token_variable").unwrap_or("UPSTASH_REDIS_REST_TOKEN");
    let token = asked::address_or_unknown!(around, token_variable);
    let site = Site::parse(url)?;
    let client = Client::new(&site, around.authorities());
    let rest = Rest { client: &client, at: format!("{}:{}", site.host, site.port), deadline: around.deadline() };
    let begin = around.clock.elapsed();
    rest.ping(token, token_variable)?;
    let took = milliseconds(around.clock.elapsed().saturating_sub(begin));
    let key = format!("palier:probe:{:x}", around.clock.now().as_nanosecond());
    rest.write_read_expire(token, &key, token_variable)?;
    let mut note = format!("{} answers over HTTP; it writes, reads and lets expire, in a pipeline too", rest.at);
    let read_only = asked::text(probe, "read_only_token_variable");
    if let Some((variable, token)) = read_only.and_then(|name| Some((name, around.addresses.get(name)?))) {
        rest.ping(token, variable)?;
        rest.writes_nothing(token, &key, variable)?;
        note.push_str("; the read-only token reads and does not write");
    }
    Ok(Seen::holds(note).figure("answer", took, "ms"))
}

struct Rest<'a> {
    client: &'a Client,
    at: String,
    deadline: Deadline,
}

impl Rest<'_> {
    fn ask(&self, token: &Secret, path: &str, body: &Value, variable: &str) -> Result<Value, Fault> {
        let text = body.to_string();
        let request = Request { method: "POST", path, token: Some(token), json: Some(&text) };
        let answer = self.client.send(&request, &self.deadline)?;
        if matches!(answer.status, 401 | 403) {
            return Err(Fault::new(Cause::WrongPassword, format!("{} does not accept {variable}", self.at))
                .remedy("copy address and token anew from the provider: the token is not the password of Redis"));
        }
        let parsed: Option<Value> = serde_json::from_str(&answer.body).ok();
        parsed.ok_or_else(|| {
            Fault::new(
                Cause::UnexpectedAnswer,
                format!("{} answers {} and not as Upstash's interface does", self.at, answer.status),
            )
            .remedy("use the address of the REST interface (UPSTASH_REDIS_REST_URL), and its /pipeline behind a proxy")
        })
    }

    fn ping(&self, token: &Secret, variable: &str) -> Result<(), Fault> {
        let answer = self.ask(token, "", &json!(["PING"]), variable)?;
        match self.result(&answer, token)? {
            Value::String(text) if text == "PONG" => Ok(()),
            _ => Err(self.unexpected("to PING")),
        }
    }

    fn write_read_expire(&self, token: &Secret, key: &str, variable: &str) -> Result<(), Fault> {
        let commands = json!([["SET", key, "palier", "EX", "10"], ["GET", key], ["TTL", key], ["DEL", key]]);
        let answer = self.ask(token, "/pipeline", &commands, variable)?;
        let Value::Array(answers) = &answer else {
            self.result(&answer, token)?;
            return Err(self.unexpected("to a pipeline"));
        };
        if let Some(refusal) = answers.first().and_then(|first| first.get("error")).and_then(Value::as_str)
            && refusal.to_uppercase().starts_with("NOPERM")
        {
            return Err(Fault::new(Cause::ReadOnly, format!("{variable} is a token of {} that only reads", self.at))
                .remedy("give the standard token of the database where the application writes"));
        }
        let results: Result<Vec<&Value>, Fault> = answers.iter().map(|one| self.result(one, token)).collect();
        let results = results?;
        let lives = results.get(2).and_then(|value| value.as_i64()).is_some_and(|seconds| seconds >= 0);
        let is_read = results.get(1).and_then(|value| value.as_str()) == Some("palier");
        if is_read && lives { Ok(()) } else { Err(self.unexpected("to a write and a read")) }
    }

    /// With a read-only token a write must be refused.
    fn writes_nothing(&self, token: &Secret, key: &str, variable: &str) -> Result<(), Fault> {
        let answer = self.ask(token, "", &json!(["SET", key, "palier", "EX", "10"]), variable)?;
        if answer.get("error").is_some() {
            return Ok(());
        }
        self.ask(token, "", &json!(["DEL", key]), variable)?;
        Err(Fault::new(Cause::UnexpectedAnswer, format!("the token in {variable} writes, and should only read"))
            .remedy("give the read-only token of the database: whoever gets hold of this one can change data"))
    }

    fn result<'v>(&self, answer: &'v Value, token: &Secret) -> Result<&'v Value, Fault> {
        if let Some(error) = answer.get("error").and_then(Value::as_str) {
            return Err(of_refusal(&token.hide_in(error), &self.at));
        }
        answer.get("result").ok_or_else(|| self.unexpected(""))
    }

    fn unexpected(&self, to: &str) -> Fault {
        let to = if to.is_empty() { String::new() } else { format!(" {to}") };
        Fault::new(Cause::UnexpectedAnswer, format!("{} gives an unexpected answer{to}", self.at))
            .remedy("check that the address is that of the database's REST interface")
    }
}
