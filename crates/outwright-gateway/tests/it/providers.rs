//! Every starter contract against the demo provider with the manners, the limits and the errors of its facts.
//!
//! The demo provider is made from the facts; what must come of it is typed a second time in `table`.

mod page;
mod table;

use std::time::Duration;

use outwright_contract::{Date, Options, Source, load};
use outwright_core::provider::{ErrorRow, Provider};
use outwright_gateway::demo::{Ending, Fault, Injection, Manners, Quota, Seen, Settings, Strikes};

use super::stage::{Answer, Stage};
use table::{Lost, ROWS, Row, Told, Wait};

/// The day on which the starters were reviewed: 2026-11-28.
const REVIEWED: Date = Date::from_days(20_785);

/// The provider of a starter, as it would run.
fn provider(row: &Row) -> Provider {
    let contract = Source::new(format!("contracts/{}.yaml", row.name), row.contract);
    let facts = Source::new(format!("facts/{}.yaml", row.name), row.facts);
    let loaded = load(&[contract, facts], &Options::run(REVIEWED));
    assert_eq!(loaded.report.errors(), 0, "{:?}", loaded.report);
    loaded.providers.into_iter().next().unwrap()
}

/// The starter with the provider, the hosts and the secret of a stage; everything else as it stands.
fn on_loopback(contract: &str) -> String {
    let mut kept = true;
    let mut text = String::new();
    for line in contract.lines() {
        if !line.starts_with([' ', '#']) {
            kept = !line.starts_with("environments:");
        }
        let key = line.trim_start().split(':').next().unwrap_or_default();
        let line = match key {
            _ if !kept => continue,
            "base_url" => {
                "base_url: http://127.0.0.1:{port}\n\
                 egress: { private: [127.0.0.0/8], plain_http: loopback }"
            }
            "hosts" => "    hosts: [127.0.0.1]",
            "source" => "    source: { file: {folder}/secret }",
            // The stage's secret is a password alone.
            "inject" if line.contains("basic") => "    inject: { basic: { user: SK1 } }",
            _ => line,
        };
        text.push_str(line);
        text.push('\n');
    }
    text
}

/// One provider on its stage.
struct Play {
    row: &'static Row,
    provider: Provider,
    stage: Stage,
}

impl Play {
    fn new(row: &'static Row) -> Self {
        let provider = provider(row);
        let settings = Settings { manners: Manners::of(&provider), ..Settings::default() };
        let stage = Stage::telling(settings, &on_loopback(row.contract), row.facts);
        Self { row, provider, stage }
    }

    fn say(&self, (line, body): (&str, &str)) -> Answer {
        let (method, path) = line.split_once(' ').unwrap();
        let kind = if body.starts_with('{') {
            "Content-Type: application/json"
        } else {
            "Content-Type: application/x-www-form-urlencoded"
        };
        // A call that waits for a window waits as long as its contract lets it, which may be minutes.
        let key = ["Outwright-Timeout: 20s", kind, "Idempotency-Key: order-1"];
        let fields = match (body.is_empty(), self.row.lost) {
            (true, _) => &key[..1],
            (false, Lost::Unknown) => &key[..2],
            (false, Lost::Replayed) => &key[..],
        };
        self.stage.ask(&format!("{method} /{}{path}", self.row.name), fields, body)
    }

    /// What the provider has seen since so many requests.
    fn since(&self, before: usize) -> Vec<Seen> {
        self.stage.demo.wire_log().split_off(before)
    }

    fn quota(&self, quota: Option<Quota>) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(self.stage.demo.change(|settings| settings.quota = quota));
    }

    /// How many first attempts were judged to be of a class.
    fn judged(&self, class: &str) -> u64 {
        let mark = format!(r#"kind="first",result="{class}"}} "#);
        let page = self.stage.metrics();
        let rows = page.lines().filter(|line| line.starts_with("outwright_attempts_total{"));
        rows.filter_map(|line| line.split_once(&mark)?.1.parse::<u64>().ok()).sum()
    }

    /// A good answer keeps the provider's id of the request, and the request says the version of the facts.
    fn a_good_call(&self) {
        let answer = self.say((self.row.read, ""));
        assert_eq!(answer.status, 200, "{}: {answer:?}", self.row.name);
        assert_eq!(answer.field("outwright-attempts"), Some("1"), "{answer:?}");
        if let Some(id) = self.row.request_id {
            assert!(answer.field(id).is_some(), "{}: {}", self.row.name, answer.head);
        }
        let seen = self.since(0);
        if let Some((field, value)) = &self.provider.version {
            assert_eq!(seen[0].header(field.as_str()), value.to_str().ok(), "{}", self.row.name);
        }
    }

    /// R-148: a full quota in the provider's own words is waited out, and not a moment too early.
    fn a_throttled_call(&self) {
        let (name, before) = (self.row.name, self.since(0).len());
        let per = match self.row.wait {
            Wait::Told => Duration::from_millis(1_200),
            Wait::Own(_) => Duration::from_millis(300),
        };
        self.quota(Some(Quota::of(self.provider.dialect, 1, per)));
        let answers = [self.say(self.row.throttle), self.say(self.row.throttle)];
        self.quota(None);
        let attempts = answers.each_ref().map(|answer| answer.field("outwright-attempts"));
        assert_eq!(attempts, [Some("1"), Some("2")], "{name}: {answers:?}");
        assert!(answers.iter().all(|answer| answer.status == 200), "{name}: {answers:?}");
        assert_eq!(self.judged("throttled"), 1, "{name}");
        let seen = self.since(before);
        let statuses: Vec<_> = seen.iter().map(|seen| seen.status).collect();
        assert_eq!(statuses, [Some(200), Some(self.row.throttled), Some(200)], "{name}");
        match self.row.wait {
            Wait::Told => assert!(seen[2].at.since(seen[0].at) >= per, "{name}: {seen:?}"),
            Wait::Own(least) => {
                let least = Duration::from_millis(least);
                assert!(seen[2].at.since(seen[1].at) >= least, "{name}: {seen:?}");
            }
        }
    }

    /// Each row of the facts has its class: what is repeated comes back good, the rest comes through as it is.
    fn every_error_of_the_facts(&self) {
        let name = self.row.name;
        assert_eq!(self.provider.errors.len(), self.row.errors.len(), "{name}");
        for (row, (class, told)) in self.provider.errors.iter().zip(self.row.errors) {
            match told {
                Told::Again => self.an_error(row, class, (Some(200), "2")),
                Told::Through => self.an_error(row, class, (row.status, "1")),
                Told::Spent => {
                    // R-145: what no wait cures is not even tried for a while, so it has a stage of its own.
                    let spent = Self::new(self.row);
                    spent.an_error(row, class, (row.status, "1"));
                    let answer = spent.say((self.row.read, ""));
                    assert_eq!(answer.field("outwright-attempts"), Some("0"), "{name}: {answer:?}");
                    assert_eq!(answer.field("outwright-origin"), Some("outwright"), "{name}");
                    assert_eq!(spent.since(0).len(), 1, "{name}");
                }
            }
        }
    }

    fn an_error(&self, row: &ErrorRow, class: &str, (status, attempts): (Option<u16>, &str)) {
        let (before, judged) = (self.since(0).len(), self.judged(class));
        self.stage.demo.fault(Injection::once(Fault::told(row)));
        let answer = self.say((self.row.read, ""));
        let shown = format!("{}: {row:?}: {answer:?}", self.row.name);
        assert_eq!(Some(answer.status), status, "{shown}");
        assert_eq!(answer.field("outwright-attempts"), Some(attempts), "{shown}");
        assert_eq!(self.since(before).len().to_string(), attempts, "{shown}");
        assert_eq!(answer.field("outwright-origin"), Some("provider"), "{shown}");
        assert_eq!(self.judged(class), judged + 1, "{shown} is {class}");
    }

    /// `product.md` 4: once outwright has tried enough, the provider's own client libraries are told to stop.
    fn the_stop_field(&self) {
        self.stage.demo.fault(Injection::always(Fault::status(503)));
        let answer = self.say((self.row.read, ""));
        self.stage.demo.clear_faults();
        let name = self.row.name;
        assert_eq!(answer.status, 503, "{name}: {answer:?}");
        assert_eq!(answer.field("outwright-attempts"), Some(self.row.attempts), "{name}");
        assert_eq!(answer.field("x-should-retry"), Some("false"), "{name}: {}", answer.head);
        assert_eq!(answer.field(self.row.stop), Some("false"), "{name}: {}", answer.head);
    }

    /// R-152, R-157: an answer that is lost on its way is one effect, whatever the provider knows of keys.
    fn a_lost_reply(&self) {
        let (name, before) = (self.row.name, self.since(0).len());
        let effects = self.stage.demo.effects().count();
        let lost = Fault::Unanswered { ending: Ending::Reset, strikes: Strikes::AfterEffect };
        self.stage.demo.fault(Injection::once(lost));
        let answer = self.say(self.row.act);
        let sends = self.since(before);
        match self.row.lost {
            Lost::Replayed => {
                assert_eq!((answer.status, sends.len()), (200, 2), "{name}: {answer:?}");
                assert_eq!(sends[0].body_digest, sends[1].body_digest, "{name}");
                assert_eq!(sends[0].key(), sends[1].key(), "{name}");
            }
            Lost::Unknown => {
                assert_eq!(answer.problem(), "outcome-unknown", "{name}: {answer:?}");
                assert_eq!(sends.len(), 1, "{name}: {sends:?}");
            }
        }
        assert_eq!(self.stage.demo.effects().count(), effects + 1, "{name}");
        assert_eq!(self.stage.demo.effects().surplus(), 0, "{name}");
    }
}

/// The text with every window of five requests.
fn narrowed(text: &str) -> String {
    let mut narrow = String::new();
    for line in text.split_inclusive('\n') {
        match line.split_once("requests: ").map(|(head, rest)| (head, rest.split_once(", per:"))) {
            Some((head, Some((_, tail)))) => {
                narrow.push_str(&format!("{head}requests: 5, per:{tail}"));
            }
            Some((_, None)) | None => narrow.push_str(line),
        }
    }
    narrow
}

/// A window of the facts or of the contract is never overrun: the provider refuses nothing.
fn a_known_quota(row: &'static Row) {
    let provider = provider(row);
    let (line, per) = row.counted;
    let quota = Some(Quota::of(provider.dialect, 5, Duration::from_secs(per)));
    let manners = Manners::of(&provider);
    let settings = Settings { quota, manners, ..Settings::default() };
    let contract = narrowed(&on_loopback(row.contract));
    let stage = Stage::telling(settings, &contract, &narrowed(row.facts));
    let play = Play { row, provider, stage };
    let statuses: Vec<u16> = (0..8).map(|_| play.say((line, "")).status).collect();
    let seen = play.since(0);
    assert!(seen.len() >= 5, "{}: {statuses:?}", row.name);
    let refused = seen.iter().filter(|seen| seen.status != Some(200)).count();
    assert_eq!(refused, 0, "{}: {seen:?}", row.name);
}

/// R-145, R-148, R-152, R-157: one provider after the other would wait for minutes, so each has a thread.
#[test]
fn every_starter_holds_against_a_provider_that_behaves_as_its_facts_say() {
    std::thread::scope(|scope| {
        for row in ROWS {
            scope.spawn(|| {
                let play = Play::new(row);
                play.a_good_call();
                play.a_throttled_call();
                play.every_error_of_the_facts();
                play.a_lost_reply();
                play.the_stop_field();
            });
            scope.spawn(|| a_known_quota(row));
        }
    });
}

/// Errors that come as a success are known by their bodies, also where the facts leave them to the dialect.
#[test]
fn a_success_that_is_none_is_recognised() {
    let play = |name: &str| Play::new(ROWS.iter().find(|row| row.name == name).unwrap());
    let says = |play: &Play, body: &str| {
        let fault = Fault::Status {
            status: 200,
            retry_after: outwright_gateway::demo::RetryAfter::default(),
            headers: Vec::new(),
            body: Some(body.to_owned()),
            date_skew_s: 0,
            strikes: Strikes::BeforeEffect,
        };
        play.stage.demo.fault(Injection::once(fault));
        let answer = play.say((play.row.read, ""));
        let attempts = answer.field("outwright-attempts").map(str::to_owned);
        (attempts.unwrap_or_default(), answer.body)
    };
    let slack = play("slack");
    let missing = r#"{"ok":false,"error":"channel_not_found"}"#;
    assert_eq!(says(&slack, missing), ("1".to_owned(), missing.to_owned()));
    assert_eq!((slack.judged("rejected"), slack.judged("success")), (1, 0));
    let (attempts, body) = says(&slack, r#"{"ok":false,"error":"ratelimited"}"#);
    assert!(attempts == "2" && body.contains(r#""ok":true"#), "{attempts} {body}");
    let shopify = play("shopify");
    let failed = r#"{"errors":[{"message":"x","extensions":{"code":"ACCESS_DENIED"}}]}"#;
    assert_eq!(says(&shopify, failed), ("1".to_owned(), failed.to_owned()));
    // The negative control: to a provider whose facts know no such answers, it is a success like any other.
    let github = play("github");
    assert_eq!(says(&github, missing), ("1".to_owned(), missing.to_owned()));
    assert_eq!((github.judged("rejected"), github.judged("success")), (0, 1));
}
