use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use http::HeaderName;
use outwright_core::provider::Inject;
use tempfile::TempDir;

use super::*;

const CANARY: &str = "sk_live_canary+/9";

fn write(path: &Path, text: &str, mode: u32) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

fn slot(path: PathBuf, inject: Inject) -> Slot {
    Slot {
        name: "key".into(),
        source: Source::File { path, mode_ok: false },
        inject,
        hosts: ["api.example.com".into(), "*.eu.example.com".into()].into(),
        scopes: [].into(),
        retired: false,
    }
}

fn kept(slot: &Slot) -> Kept {
    Kept::new("demo", slot, false)
}

/// A wallet of one provider with one slot.
fn wallet(slot: &Slot) -> Wallet {
    let slots = vec![vec![Arc::new(Mutex::new(kept(slot)))]];
    Wallet { slots: RwLock::new(slots), generation: AtomicU64::new(1), dev: false }
}

fn secret_file(text: &str) -> (TempDir, PathBuf) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("secret");
    write(&path, text, 0o600);
    (folder, path)
}

#[test]
fn a_secret_is_put_where_the_contract_says() {
    let (_folder, path) = secret_file("user:pa ss\n");
    let header = |inject| {
        let kept = kept(&slot(path.clone(), inject));
        let credential = kept.current.expect("the secret is usable");
        let (name, value) = credential.header().expect("a field carries it");
        assert!(value.is_sensitive());
        (name.clone(), String::from_utf8(value.as_bytes().to_vec()).unwrap())
    };
    assert_eq!(header(Inject::Bearer), (http::header::AUTHORIZATION, "Bearer user:pa ss".into()));
    let name = HeaderName::from_static("x-key");
    let inject = Inject::Header { name: name.clone(), prefix: "Token ".into() };
    assert_eq!(header(inject), (name, "Token user:pa ss".into()));
    assert_eq!(header(Inject::Basic { user: None }).1, "Basic dXNlcjpwYSBzcw==");
    assert_eq!(header(Inject::Basic { user: Some("a".into()) }).1, "Basic YTp1c2VyOnBhIHNz");
    let query = kept(&slot(path, Inject::Query { name: "api key".into() }));
    let query = query.current.unwrap();
    assert_eq!(query.query(), Some("api%20key=user%3Apa%20ss"));
    assert!(query.header().is_none());
}

///
#[test]
fn a_credential_goes_only_to_the_hosts_of_its_slot() {
    let (_folder, path) = secret_file(CANARY);
    let credential = kept(&slot(path, Inject::Bearer)).current.unwrap();
    for host in ["api.example.com", "API.example.com", "a.eu.example.com", "a.b.eu.example.com"] {
        assert!(credential.allows(host), "{host}");
    }
    for host in
        ["example.com", "eu.example.com", "evileu.example.com", "api.example.com.evil.org", ""]
    {
        assert!(!credential.allows(host), "{host}");
    }
}

/// who else can write or read a secret decides whether it is used.
#[test]
fn a_file_that_others_can_write_or_read_is_refused() {
    let (folder, path) = secret_file(CANARY);
    let fault = |mode_ok| file::read(&path, mode_ok, None).err();
    let on_disk = rustix::fs::statfs(folder.path())
        .is_ok_and(|stat| u64::try_from(stat.f_type).unwrap_or(0) != 0x0102_1994);
    assert_eq!(fault(false), None);
    for (mode, mode_ok, refused) in
        [(0o640, false, false), (0o644, false, on_disk), (0o644, true, false), (0o620, true, true)]
    {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        assert_eq!(fault(mode_ok).is_some(), refused, "{mode:o} {mode_ok}");
    }
    fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    assert!(matches!(fault(true), Some(Refused::OthersWrite(_))), "a folder that others can write");
}

#[test]
fn a_missing_empty_or_huge_file_leaves_the_slot_empty_and_says_why() {
    let (folder, path) = secret_file("\n \n");
    assert!(matches!(file::read(&path, false, None), Err(Refused::Empty(_))));
    write(&path, &"k".repeat(70_000), 0o600);
    assert!(matches!(file::read(&path, false, None), Err(Refused::TooLarge(_))));
    assert!(matches!(file::read(folder.path(), false, None), Err(Refused::NotAFile(_))));
    fs::remove_file(&path).unwrap();
    let wallet = wallet(&slot(path, Inject::Bearer));
    assert!(wallet.credential(0, 0).is_none());
    assert!(wallet.faults()[0].to_string().contains("does not exist"));
}

#[test]
fn a_link_that_leaves_its_mount_is_refused_and_one_inside_it_is_followed() {
    let (folder, path) = secret_file(CANARY);
    let inside = folder.path().join("inside");
    symlink(&path, &inside).unwrap();
    assert!(file::read(&inside, false, None).is_ok());
    let outside = folder.path().join("outside");
    symlink("/proc/self/status", &outside).unwrap();
    assert!(matches!(file::read(&outside, true, None), Err(Refused::LeavesMount(_))));
}

/// The swap by which orchestrators replace secrets: a new folder, then the link `..data` to it.
#[test]
fn a_swapped_data_link_makes_the_next_version() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    for (name, text) in [("v1", "first"), ("v2", "second")] {
        fs::create_dir(at(name)).unwrap();
        write(&at(name).join("key"), text, 0o600);
    }
    symlink("v1", at("..data")).unwrap();
    symlink("..data/key", at("key")).unwrap();
    let wallet = wallet(&slot(at("key"), Inject::Bearer));
    let mut hand = Hand::new(Arc::new(wallet));
    assert_eq!(hand.credential(0, 0).unwrap().version(), 1);
    assert!(hand.wallet.reread().is_empty(), "nothing changed");

    symlink("v2", at("..data-new")).unwrap();
    fs::rename(at("..data-new"), at("..data")).unwrap();
    assert_eq!(hand.wallet.reread(), [Change { provider: 0, slot: 0, version: Some(2) }]);
    let credential = hand.credential(0, 0).unwrap();
    assert_eq!(credential.version(), 2);
    assert_eq!(credential.header().unwrap().1.as_bytes(), b"Bearer second");
}

#[test]
fn a_secret_that_goes_away_empties_its_slot_and_one_that_comes_back_fills_it() {
    let (_folder, path) = secret_file("first");
    let wallet = wallet(&slot(path.clone(), Inject::Bearer));
    fs::remove_file(&path).unwrap();
    assert_eq!(wallet.reread(), [Change { provider: 0, slot: 0, version: None }]);
    assert!(wallet.reread().is_empty(), "said once");
    write(&path, "second", 0o600);
    assert_eq!(wallet.reread(), [Change { provider: 0, slot: 0, version: Some(2) }]);
    assert!(wallet.faults().is_empty());
}

#[test]
fn a_refresh_without_a_new_secret_keeps_its_version() {
    let (_folder, path) = secret_file("first");
    let wallet = wallet(&slot(path.clone(), Inject::Bearer));
    assert_eq!(wallet.refresh(0, 0).unwrap().version, Some(1));
    write(&path, "second", 0o600);
    assert_eq!(wallet.refresh(0, 0).unwrap().version, Some(2));
    assert_eq!(wallet.refresh(0, 7), None);
}

#[test]
fn a_secret_in_the_environment_is_for_development_only() {
    let mut slot = slot(PathBuf::new(), Inject::Bearer);
    slot.source = Source::Env("PATH".into());
    assert!(matches!(Kept::new("demo", &slot, false).fault, Some(Fault::NotForDevelopment(_))));
    assert!(Kept::new("demo", &slot, true).current.is_some());
    slot.source = Source::Env("OUTWRIGHT_NO_SUCH_VARIABLE".into());
    assert!(matches!(Kept::new("demo", &slot, true).fault, Some(Fault::NoVariable(_))));
}

#[test]
fn a_secret_with_a_line_break_inside_is_not_put_on_a_request() {
    let (_folder, path) = secret_file("a\r\nX-Evil: 1");
    let kept = kept(&slot(path, Inject::Bearer));
    assert_eq!(kept.fault, Some(Fault::Unusable(Unusable::NotAFieldValue)));
}

/// the canary: no printing shows the secret, in none of its forms. The control shows that it would be seen.
#[test]
fn a_secret_is_never_printed() {
    let (_folder, path) = secret_file(CANARY);
    let wallet = wallet(&slot(path, Inject::Bearer));
    let credential = wallet.credential(0, 0).unwrap();
    let forms: Vec<String> = credential::forms(&lock(&wallet.slots()[0][0]).hidden[0])
        .iter()
        .map(|f| f.to_string())
        .collect();
    assert!(forms.iter().any(|form| form == CANARY), "the control: its forms are known");
    let printed = format!("{wallet:?} {credential:?} {:?}", credential.header());
    let said = format!("connect to https://x/?key={} failed", forms[2]);
    assert!(forms.iter().any(|form| said.contains(form.as_str())), "the control: it would be seen");
    for form in &forms {
        assert!(!printed.contains(form.as_str()), "{printed}");
        assert!(!wallet.redact(&said).contains(form.as_str()));
    }
}
