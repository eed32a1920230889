//! One account of several people is told of each, unless the record says that somebody else receives on their behalf.

use molisa_gateway::model::Kind;

use super::{on_each, open, pairs, told};
use crate::run::crossed::{change, draws, run, stops};

const SAME: [(&str, &str); 3] =
    [("hinh_thuc_chi_tra", "Tài khoản"), ("so_tai_khoan", "0071 000 123 456"), ("ngan_hang", "Vietcombank")];

#[tokio::test]
async fn an_account_of_several_people_is_told_until_it_is_over() {
    for (world, _database) in on_each("accounts").await {
        let named = |name: &'static str| [&SAME[..], &[("ho_ten", name)]].concat();
        draws(&world, "A", "087141000123", "5.5c", &named("Lê Văn Một"));
        draws(&world, "B", "087141000456", "5.5c", &named("Lê Văn Hai"));
        // The same digits at another bank are another account; two records of one person share theirs by right.
        draws(
            &world,
            "C",
            "087141000789",
            "5.5c",
            &[&named("Lê Văn Ba")[..2], &[("ngan_hang", "BIDV"), ("ho_ten", "Lê Văn Ba")]].concat(),
        );
        let own = [("hinh_thuc_chi_tra", "Tài khoản"), ("so_tai_khoan", "99887766"), ("ngan_hang", "BIDV")];
        draws(&world, "D", "087141000999", "5.4", &own);
        draws(&world, "E", "087141000999", "5.5c", &own);
        let first = run(&world, &world.stream).await;
        assert_eq!((first.confirmed, first.held.len()), (5, 0), "{first:?}");
        let all = open(&world, Kind::Account).await;
        let shown: Vec<(&str, &str)> = all.iter().map(|m| (m.0.as_str(), m.2.as_str())).collect();
        assert_eq!(shown, [("A", "account-shared"), ("B", "account-shared")]);
        assert!(all[0].3.starts_with("2 hồ sơ của 2 người") && all[0].3.contains("doi-tuong, B"), "{}", all[0].3);
        if let molisa_gateway::store::Place::Sqlite(_) = world.place {
            assert_eq!(world.count("select count(*) from likeness where account like '%0071000%'"), 0);
        }

        // B's is received by somebody else: the account is not B's.
        change(&world, "doi_tuong", "B", "nguoi_nhan_thay = 'Lê Văn Một'");
        run(&world, &world.stream).await;
        assert_eq!(pairs(&world, Kind::Account).await, []);
        change(&world, "doi_tuong", "B", "nguoi_nhan_thay = ''");
        run(&world, &world.stream).await;
        assert_eq!(pairs(&world, Kind::Account).await, told(&[("A", "shared"), ("B", "shared")]));
        assert_eq!(open(&world, Kind::Account).await[0].4, 1, "it came back with its history");
        stops(&world, "A", "2026-11-01");
        run(&world, &world.stream).await;
        assert_eq!(pairs(&world, Kind::Account).await, []);
        world.assert_clean();
    }
}

#[tokio::test]
async fn an_account_of_very_many_is_one_item() {
    for (world, _database) in on_each("account_of_many").await {
        for nth in 0..21 {
            let (key, name) = (format!("K{nth:02}"), format!("Lê Văn Số {nth}"));
            draws(&world, &key, "", "5.5c", &[&SAME[..], &[("ho_ten", name.as_str())]].concat());
        }
        run(&world, &world.stream).await;
        let all = open(&world, Kind::Account).await;
        let [(key, _, _, detail, _)] = &all[..] else { panic!("{} are open", all.len()) };
        assert!(key == "K00" && detail.starts_with("21 hồ sơ"), "{key} {detail}");
    }
}
