//! Files fetched over a line: what broke is gone on with, what is no file is judged.
#![expect(clippy::unwrap_used, reason = "a story that cannot be set up has failed")]

use std::sync::{Arc, Mutex};

use molisa_gateway::delivery::{Judged, LineError};
use molisa_gateway::national::{Declined, Exchange, Head, Reply, Sink, Transport, WireRequest};

use crate::support::question::{House, lost, plain};

/// Keeps what it is given.
#[derive(Default)]
struct Kept(Vec<u8>, bool);

impl Sink for Kept {
    fn begin(&mut self, _: &Head) -> Result<(), Declined> {
        if self.1 { Err(Declined { why: "không nhận".into() }) } else { Ok(()) }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), Declined> {
        self.0.extend_from_slice(bytes);
        Ok(())
    }
}

/// A transport whose downloads break after some bytes, the first times.
struct Breaks(Mutex<u32>, &'static [u8]);

impl Transport for Breaks {
    fn exchange(&self, _: WireRequest) -> Exchange<'_> {
        Box::pin(async { lost() })
    }

    fn download<'a>(&'a self, request: WireRequest, sink: &'a mut dyn Sink) -> Exchange<'a> {
        Box::pin(async move {
            let nth = {
                let mut nth = self.0.lock().unwrap();
                *nth += 1;
                *nth
            };
            let from: usize = request
                .headers
                .iter()
                .find(|(name, _)| name == "Range")
                .map_or(0, |(_, value)| value.trim_start_matches("bytes=").trim_end_matches('-').parse().unwrap());
            if nth == 1 {
                return lost();
            }
            let head = Head { status: 200, range: None, length: None, etag: None, content_type: None };
            sink.begin(&head)?;
            if nth == 2 {
                sink.take(&self.1[from..4])?;
                return lost();
            }
            sink.take(&self.1[from..])?;
            Ok(Reply { status: 200, ..Reply::default() })
        })
    }
}

#[tokio::test]
async fn a_download_that_broke_is_not_repeated_into_the_same_sink() {
    let mut house = House::with(plain(), |_, _| lost()).await;
    house.system.transport = Arc::new(Breaks(Mutex::new(0), b"0123456789"));
    let (profile, pull) = (&house.system.profile, house.system.profile.pull().unwrap());
    let judge = |reply: &Reply| Judged::from(pull.judge_fetch(profile, reply));
    let fetch = |from| pull.fetch("https://dvc.example.vn", "/tep/a", from).unwrap();
    let (mut line, mut kept) = (house.line(), Kept::default());
    let told = line.download("H20-1", &fetch(0), &mut kept, &judge).await.unwrap_err();
    assert!(matches!(told, LineError::Broken { .. }), "the first try, which brought nothing, is repeated: {told:?}");
    assert_eq!(kept.0, b"0123");
    let (_, opened) = line.download("H20-1", &fetch(4), &mut kept, &judge).await.unwrap();
    assert_eq!(kept.0, b"0123456789");
    let mut tx = house.store.write().await.unwrap();
    line.close(&mut tx, &opened, "stored", 0).await.unwrap();
    tx.commit().await.unwrap();
    let mut declines = Kept(Vec::new(), true);
    let told = line.download("H20-1", &fetch(0), &mut declines, &judge).await.unwrap_err();
    assert!(matches!(&told, LineError::Declined { why } if why == "không nhận"), "{told:?}");
    let closed = house.sql("select verdict from exchange where entry = 'closed' order by number");
    assert_eq!(closed, ["unknown: time-out", "unknown: time-out", "stored", "declined: không nhận"]);
    assert!(house.sql("select operation from exchange").iter().all(|word| word == "fetch"));
}

#[tokio::test]
async fn what_is_no_file_is_judged_by_status_and_code() {
    let (profile, reply) = (plain(), |status, kind: &str, body: &str| Reply {
        status,
        content_type: Some(kind.to_owned()),
        body: body.into(),
        ..Reply::default()
    });
    let judge = |answer: Reply| Judged::from(profile.pull().unwrap().judge_fetch(&profile, &answer));
    let json = "application/json";
    assert_eq!(judge(reply(200, "application/pdf", "")), Judged::Done(()));
    assert_eq!(judge(reply(401, "", "")), Judged::Token);
    assert_eq!(judge(reply(503, "", "")), Judged::Busy(None));
    assert_eq!(judge(reply(200, json, r#"{"result":{"error_code":5}}"#)), Judged::Token);
    let refused = |code: &str, message: &str| Judged::Refused { code: code.into(), message: message.into() };
    assert_eq!(judge(reply(404, "", "")), refused("HTTP 404", ""));
    assert_eq!(judge(reply(200, json, r#"{"error_code":7,"message":"hết"}"#)), refused("7", "hết"));
    for (status, kind, body) in [(500, "", ""), (302, "", ""), (200, json, r#"{"error_code":0}"#), (200, json, "")] {
        assert!(matches!(judge(reply(status, kind, body)), Judged::Unreadable { .. }), "{status} {body}");
    }
}
