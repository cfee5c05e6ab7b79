//! Which heads pass, and which do not.

use super::{Found, Scan, Waits};
use crate::problem::{self, Kind};

const GOOD: &str = "GET /a/b?c HTTP/1.1\r\nHost: x\r\nAccept: */*\r\n\r\n";

/// The same verdict whatever the size of the pieces; where it is bad, the bytes before the bad head are told.
fn check(text: &str, expected: Option<&'static Kind>) {
    let mut whole = Scan::default();
    let verdict = match whole.look(text.as_bytes()) {
        Found::Fine(_) => None,
        Found::BadHead(_, kind) => Some(kind),
        Found::BadBody(_) => Some(&problem::HEAD_TOO_LATE),
    };
    assert_eq!(verdict, expected, "{text:?}");
    let mut scan = Scan::default();
    let byte_wise = text.bytes().find_map(|byte| match scan.look(&[byte]) {
        Found::Fine(_) => None,
        Found::BadHead(_, kind) => Some(kind),
        Found::BadBody(_) => Some(&problem::HEAD_TOO_LATE),
    });
    assert_eq!(byte_wise, expected, "byte by byte: {text:?}");
}

fn with(fields: &str) -> String {
    format!("POST /p HTTP/1.1\r\nHost: x\r\n{fields}\r\n\r\n")
}

#[test]
fn ordinary_requests_pass() {
    check(GOOD, None);
    check(&format!("\r\n{GOOD}{GOOD}"), None);
    check(&format!("{}abc{GOOD}", with("Content-Length: 3")), None);
    check(
        &format!("{}3;x=y\r\nabc\r\n0\r\nT: 1\r\n\r\n{GOOD}", with("transfer-encoding:chunked")),
        None,
    );
}

/// two ways to find the end of a body are one too many.
#[test]
fn framing_with_two_meanings_is_refused() {
    for fields in [
        "Content-Length: 3\r\nTransfer-Encoding: chunked",
        "Transfer-Encoding: chunked\r\nContent-Length: 3",
        "Transfer-Encoding: chunked, identity",
        "Transfer-Encoding: ,chunked",
        "Transfer-Encoding: xchunked",
        "Transfer-Encoding: \x0bchunked",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked",
        "Content-Length: 3\r\nContent-Length: 3",
        "Content-Length: 3\r\ncontent-length: 4",
    ] {
        check(&with(fields), Some(&problem::BAD_REQUEST));
    }
    let old = "POST /p HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    check(old, Some(&problem::BAD_REQUEST));
}

/// a length is digits.
#[test]
fn a_length_that_is_no_number_is_refused() {
    for value in ["+1", "-1", "0x1", "1_0", "", "1 1", "1,1", "18446744073709551616"] {
        check(&with(&format!("Content-Length: {value}")), Some(&problem::BAD_REQUEST));
    }
}

/// chunk sizes are hexadecimal digits with whole line ends.
#[test]
fn chunks_are_framed_exactly() {
    let head = with("Transfer-Encoding: chunked");
    for body in
        ["0x3\r\nabc\r\n", " 3\r\nabc\r\n", "3\nabc\r\n", "3\r\nabcd\r\n", "\r\n", "3 \r\nabc\r\n"]
    {
        check(&format!("{head}{body}"), Some(&problem::HEAD_TOO_LATE));
    }
    check(&format!("{head}11111111111111111\r\n"), Some(&problem::HEAD_TOO_LATE));
}

/// lines end in CRLF, names stand alone before their colon.
#[test]
fn malformed_fields_are_refused() {
    for fields in ["A : b", " A: b", "A: b\r\n c", "A", ": b", "A: b\rc", "A: b\0c", "A: b\nB: c"] {
        check(&with(fields), Some(&problem::BAD_REQUEST));
    }
}

/// one Host.
#[test]
fn there_is_one_host() {
    check("GET / HTTP/1.1\r\nA: b\r\n\r\n", Some(&problem::BAD_REQUEST));
    check(&with("Host: y"), Some(&problem::BAD_REQUEST));
}

/// only the origin form is forwarded.
#[test]
fn other_targets_are_refused() {
    for line in [
        "GET http://x/ HTTP/1.1",
        "OPTIONS * HTTP/1.1",
        "CONNECT x:443 HTTP/1.1",
        "GET /a b HTTP/1.1",
        "GET /a",
        "GET /a HTTP/2.0",
        "GET /a HTTP/1.1 ",
        "GET  /a HTTP/1.1",
        "G(T /a HTTP/1.1",
        "GET /\u{e9} HTTP/1.1",
        "GET /a#b HTTP/1.1",
    ] {
        check(&format!("{line}\r\nHost: x\r\n\r\n"), Some(&problem::BAD_REQUEST));
    }
}

/// the bounds of a head are told apart.
#[test]
fn a_large_head_is_refused_with_its_own_status() {
    let target = "a".repeat(8_000);
    check(&format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n"), None);
    let target = "a".repeat(17_000);
    check(&format!("GET /{target} HTTP/1.1\r\nHost: x\r\n\r\n"), Some(&problem::TARGET_TOO_LONG));
    check(&"a".repeat(70_000), Some(&problem::TARGET_TOO_LONG));
    check(&with(&"A: b\r\n".repeat(100)), Some(&problem::HEAD_TOO_LARGE));
    check(&with(&format!("A: {}", "b".repeat(70_000))), Some(&problem::HEAD_TOO_LARGE));
}

/// However a head is cut, the verdict is the same, and what is called bad has a reason that can be pointed at.
#[test]
fn line_ends_are_whole_wherever_they_are_cut() {
    let bytes = [b'a', b'\r', b'\n', b'\0', b':'];
    let mut good = 0;
    for code in 0..bytes.len().pow(6) {
        let word: Vec<u8> =
            (0..6_u32).map(|at| bytes[code / bytes.len().pow(at) % bytes.len()]).collect();
        let text = [b"GET / HTTP/1.1\r\nHost: x\r\n", &*word, b"\r\n\r\n"].concat();
        let mut whole = Scan::default();
        let verdict = matches!(whole.look(&text), Found::Fine(_));
        let mut scan = Scan::default();
        let cut = text.iter().all(|byte| matches!(scan.look(&[*byte]), Found::Fine(_)));
        assert_eq!(verdict, cut, "{:?}", String::from_utf8_lossy(&text));
        let lone = |half: u8| {
            let ends = word.windows(2).filter(|two| two == b"\r\n").count();
            word.iter().filter(|byte| **byte == half).count() != ends
        };
        let whole_ends = !lone(b'\r') && !lone(b'\n') && !word.contains(&0);
        assert!(whole_ends || !verdict, "{:?}", String::from_utf8_lossy(&text));
        good += usize::from(verdict);
    }
    assert!(good > 0, "some of them are fine");
}

#[test]
fn bytes_before_a_bad_head_may_pass() {
    let text = format!("{GOOD}GET /a HTTP/1.1\r\nHost : x\r\n\r\n");
    let found = Scan::default().look(text.as_bytes());
    assert_eq!(found, Found::BadHead(GOOD.len(), &problem::BAD_REQUEST));
}

/// hyper sees whole heads only, so that it never has to answer for half of one.
#[test]
fn a_head_that_is_not_whole_is_held_back() {
    let mut scan = Scan::default();
    assert_eq!(scan.look(b"GET /a HT"), Found::Fine(0));
    assert_eq!(scan.look(b"TP/1.1\r\nHost: x\r\n"), Found::Fine(0));
    assert_eq!(scan.look(b"\r\nGET"), Found::Fine(2));
    let mut scan = Scan::default();
    let text = format!("{}a", with("Content-Length: 3"));
    assert_eq!(scan.look(text.as_bytes()), Found::Fine(text.len()));
    assert_eq!(scan.look(b"bcG"), Found::Fine(2));
}

#[test]
fn it_knows_what_it_waits_for() {
    let mut scan = Scan::default();
    assert_eq!(scan.waits(), Waits::Request);
    scan.look(b"POST /p HT");
    assert_eq!(scan.waits(), Waits::Head);
    scan.look(b"TP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n1");
    assert_eq!(scan.waits(), Waits::Body);
    scan.look(b"2");
    assert_eq!(scan.waits(), Waits::Request);
}
