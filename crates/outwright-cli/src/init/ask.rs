//! `init` by hand: questions on a terminal, or the same answers as flags.

use dialoguer::{Confirm, Input, Select};
use outwright_contract::description::by_hand;
use outwright_contract::draft::{KeyKind, Wishes, draft, safe};

use super::write::{self, Force, Target};
use super::{open, say, wrong_use};
use crate::args::InitArgs;
use crate::exit::Exit;

/// Drafts from flags alone.
pub(super) fn from_flags(args: &InitArgs, wishes: Wishes) -> Exit {
    if wishes.provider.is_none() {
        return wrong_use("--operation needs --provider");
    }
    match requests(&args.operation) {
        Ok(requests) => finish(args, &wishes, &requests),
        Err(cause) => wrong_use(&cause),
    }
}

/// Asks only for what nothing can know, and not for what a flag said.
pub(super) fn on_terminal(args: &InitArgs, mut wishes: Wishes) -> Exit {
    match asked(&mut wishes) {
        Ok(requests) => finish(args, &wishes, &requests),
        Err(error) => {
            eprintln!("error: the questions were broken off: {error}");
            Exit::WrongUse
        }
    }
}

type Requests = Vec<(String, String)>;

fn requests(texts: &[String]) -> Result<Requests, String> {
    let split = |text: &String| {
        let parts: Vec<&str> = text.split_whitespace().collect();
        match parts.as_slice() {
            [method, path] if path.starts_with('/') => {
                Ok((method.to_ascii_uppercase(), (*path).to_owned()))
            }
            _ => Err(format!(
                "`{text}` is no operation: write a method and a path, such as `GET /v1/orders`"
            )),
        }
    };
    texts.iter().map(split).collect()
}

fn asked(wishes: &mut Wishes) -> dialoguer::Result<Requests> {
    let decided = &mut wishes.decided;
    if wishes.provider.is_none() {
        let ask = Input::<String>::new().with_prompt("provider, as callers will name it");
        let fits = |name: &String| {
            if !name.is_empty() && safe(name) == *name {
                Ok(())
            } else {
                Err("letters, digits, `_`, `-` or `.`, at most 64")
            }
        };
        wishes.provider = Some(ask.validate_with(fits).interact_text()?);
    }
    if decided.base_url.is_none() {
        let ask = Input::<String>::new().with_prompt("base URL (https://host[:port][/path])");
        let fits = |url: &String| outwright_contract::url::base(url).map(drop);
        decided.base_url = Some(ask.validate_with(fits).interact_text()?);
    }
    if decided.team.is_none() {
        decided.team = optional("owning team (empty: decide later)")?.map(|team| safe(&team));
    }
    if decided.contact.is_none() {
        decided.contact = optional("how to reach it (empty: decide later)")?;
    }
    if decided.tier.is_none() {
        let tiers = ["critical", "important", "best_effort"];
        let ask = Select::new().with_prompt("how much does our service depend on it?");
        let chosen = ask.items(tiers).default(1).interact()?;
        decided.tier = tiers.get(chosen).map(|tier| (*tier).to_owned());
    }
    if decided.key.is_none() {
        decided.key = Some(key()?);
    }
    if decided.money.is_none() {
        let ask = Confirm::new().with_prompt("do operations move money, or what cannot be undone?");
        decided.money = Some(ask.default(true).interact()?);
    }
    operations()
}

fn optional(prompt: &str) -> dialoguer::Result<Option<String>> {
    let text: String = Input::new().with_prompt(prompt).allow_empty(true).interact_text()?;
    Ok(Some(text.trim().to_owned()).filter(|text| !text.is_empty()))
}

fn key() -> dialoguer::Result<KeyKind> {
    let kinds =
        ["bearer token", "basic (user and password)", "header field", "query parameter", "none"];
    let chosen =
        Select::new().with_prompt("how does it know us?").items(kinds).default(0).interact()?;
    let name = |what: &str| {
        let fits = |name: &String| {
            if !name.is_empty() && safe(name) == *name {
                Ok(())
            } else {
                Err("this is no such name")
            }
        };
        Input::<String>::new().with_prompt(what).validate_with(fits).interact_text()
    };
    Ok(match chosen {
        0 => KeyKind::Bearer,
        1 => KeyKind::Basic,
        2 => KeyKind::Header(name("which field?")?),
        3 => KeyKind::Query(name("which parameter?")?),
        _ => KeyKind::None,
    })
}

fn operations() -> dialoguer::Result<Requests> {
    let mut all = Vec::new();
    loop {
        let prompt = if all.is_empty() {
            "first operation, such as `GET /v1/orders`"
        } else {
            "next operation (empty: no more)"
        };
        let text: String =
            Input::new().with_prompt(prompt).allow_empty(!all.is_empty()).interact_text()?;
        if text.trim().is_empty() && !all.is_empty() {
            return Ok(all);
        }
        match requests(&[text]) {
            Ok(one) => all.extend(one),
            Err(cause) => eprintln!("{cause}"),
        }
    }
}

fn finish(args: &InitArgs, wishes: &Wishes, requests: &Requests) -> Exit {
    let drafted = match draft(&by_hand(requests), wishes) {
        Ok(drafted) => drafted,
        Err((why, survey)) => {
            for left in &survey.left {
                eprintln!("error: {}: {}", left.request, left.why);
            }
            return wrong_use(&why.to_string());
        }
    };
    if let Some(left) = drafted.survey.left.first() {
        return wrong_use(&format!("{}: {}", left.request, left.why));
    }
    let target = Target::of(&args.out);
    let force = if args.force { Force::Yes } else { Force::No };
    let files = match target.places(drafted.files()) {
        Ok(files) => files,
        Err(cause) => return wrong_use(&cause),
    };
    let written = write::refuse_existing(&files, force).and_then(|()| write::all(&files));
    let contract = target.contract(&drafted.provider);
    match written.and_then(|()| open(&contract)) {
        Ok(open) => {
            say(args.format, &files, &open, &contract);
            Exit::Fine
        }
        Err(exit) => exit,
    }
}
