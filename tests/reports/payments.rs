//! The payment list of a period: who is on ours and not on theirs, and why; nobody is left out in silence.

use std::sync::atomic::Ordering;

use molisa_gateway::sandbox::Rule;

use super::{configured, path, read, report};
use crate::cli::program::json;
use crate::people::on_each;
use crate::run::crossed::{change, draws, is_paid, run, stream};

#[tokio::test]
async fn whoever_is_not_on_their_list_is_told_with_the_reason() {
    for (mut world, _database) in on_each("payment_list").await {
        let payments = stream(&world, "chi-tra").await;
        draws(&world, "A", "087141000123", "5.5c", &[]);
        run(&world, &world.stream).await;
        is_paid(&world, "P1", "087141000123", "A", "202611");
        is_paid(&world, "P2", "087141000123", "A", "202611");
        is_paid(&world, "P3", "087141000123", "A", "202610");
        is_paid(&world, "P4", "87", "A", "202611");
        is_paid(&world, "P5", "", "A", "20261");
        is_paid(&world, "P6", "", "B", "202611");
        let refused = Rule::Refused { code: "E17".into(), text: "sai".into() };
        world.nation().rule_of("chi-tra", "P6", Some(refused)).unwrap();
        configured(&world);
        let list = |world: &crate::support::world::World, period: &str| {
            let file = path(world, "ds.json");
            let told = report(
                world,
                &["--json", "report", "payment-list", "--period", period, "--format", "json", "--to", &file],
            );
            let rows: serde_json::Value = serde_json::from_str(&read(&file)).unwrap();
            let why =
                |row: &serde_json::Value| format!("{} {}", row["key"].as_str().unwrap(), row["why"].as_str().unwrap());
            let rows: Vec<String> = rows["absent"].as_array().unwrap().iter().map(why).collect();
            (told.status.code(), json(&told), rows)
        };
        // Nobody listens: what could go waits.
        world.wire.down.store(true, Ordering::SeqCst);
        world.options.patience = std::time::Duration::from_secs(1);
        run(&world, &payments).await;
        let (code, told, rows) = list(&world, "202611");
        assert_eq!(code, Some(3), "{told}");
        assert_eq!(rows.len(), 5, "{rows:?}");
        assert!(rows.iter().any(|row| row == "P4 held-here identity-length"), "{rows:?}");
        assert_eq!((told["absent"].as_u64(), told["due"].as_str()), (Some(5), Some("25/11/2026")));

        world.wire.down.store(false, Ordering::SeqCst);
        world.options.patience = std::time::Duration::from_hours(1);
        run(&world, &payments).await;
        let (code, told, rows) = list(&world, "202611");
        // One payment of a person and period; what is held says its period, unless nobody can read it: P5 may be of this one.
        let expected =
            ["P2 double-benefit", "P4 held-here identity-length", "P5 held-here bad-value", "P6 refused-there E17"];
        assert_eq!((code, told["period_unknown"].as_u64()), (Some(3), Some(1)), "{told}");
        assert_eq!((rows, told["there"].as_i64()), (expected.map(str::to_owned).to_vec(), Some(1)));
        let (_, told, other) = list(&world, "202610");
        assert_eq!((other, told["there"].as_i64()), (vec!["P5 held-here bad-value".to_owned()], Some(1)), "{told}");
        let people = report(&world, &["report", "payment-list", "--period", "202611"]);
        let text = String::from_utf8_lossy(&people.stdout).into_owned();
        assert!(text.contains("kỳ 202611: 4 khoản chi chưa có") && text.contains("số giấy tờ sai độ dài"), "{text}");

        change(&world, "chi_tra", "P2", "ky = '202609'");
        change(&world, "chi_tra", "P4", "so_giay_to = '087141000123', ky = '202608'");
        change(&world, "chi_tra", "P5", "ky = '202607'");
        world.nation().rule_of("chi-tra", "P6", None).unwrap();
        change(&world, "chi_tra", "P6", "ngay_chi = '2026-11-05'");
        run(&world, &payments).await;
        let (code, told, _) = list(&world, "202611");
        assert_eq!((code, told["absent"].as_u64(), told["there"].as_i64()), (Some(0), Some(0), Some(2)), "{told}");
        // A list that nobody made is not complete.
        let none = report(&world, &["report", "payment-list", "--period", "202612"]);
        let text = String::from_utf8_lossy(&none.stdout).into_owned();
        assert_eq!(none.status.code(), Some(3), "{text}");
        assert!(text.contains("tỉnh chưa có khoản chi nào, phải có trước 25/12/2026"), "{text}");
        let wrong = report(&world, &["report", "payment-list", "--period", "202613"]);
        assert_eq!(wrong.status.code(), Some(2));
    }
}
