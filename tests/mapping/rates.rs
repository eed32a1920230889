//! A province's own resolution, a policy whose rate rose, a group with rows that overlap: added to the lists, without a new build.

use std::path::Path;

use jiff::civil::date;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::RawRow;

use super::{GOOD, mappings, told};

fn with_rates(rows: &str) -> Mapping {
    let head = "code,name,other_names,amount,valid_from,valid_to,successor,funeral_times,source,checked\n";
    with_list("rates.csv", &format!("{head}{rows}"))
}

fn with_list(name: &str, text: &str) -> Mapping {
    let folder = tempfile::tempdir().expect("a folder");
    for entry in std::fs::read_dir(mappings().join("codes")).expect("lists").flatten() {
        std::fs::copy(entry.path(), folder.path().join(entry.file_name())).expect("copied");
    }
    // The rules between programmes name groups that such a list need not have.
    let none = "groups = \"groups\"\nprogrammes = [\"allowance\"]\n";
    std::fs::write(folder.path().join("cross.toml"), none).expect("written");
    std::fs::write(folder.path().join(name), text).expect("written");
    let text = std::fs::read_to_string(mappings().join("misposasoft/doi-tuong.toml")).expect("it ships");
    Mapping::parse(Path::new("m.toml"), &text, folder.path()).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn a_resolution_that_replaced_the_decree_pays_by_its_own_rates() {
    let mapping = with_rates(
        "20/2021,Nghị định 20/2021,,360000,2021-07-01,2024-06-30,10/2022/NQ-HĐND,20,x,source\n\
         10/2022/NQ-HĐND,Nghị quyết 10/2022,,380000,2022-09-01,2023-12-31,,20,x,memory\n\
         10/2022/NQ-HĐND,Nghị quyết 10/2022,,450000,2024-01-01,,,20,x,memory\n\
         11/2022/NQ-HĐND,Nghị quyết 11/2022,,380000,2022-09-01,,,20,x,memory\n",
    );
    let judge = |policy: &str, decided: &str, rate: &str, today| {
        let columns = mapping
            .columns()
            .iter()
            .map(|c| match c.name.as_str() {
                "chinh_sach" => Some(policy),
                "ngay_quyet_dinh" => Some(decided),
                "tu_thang" => None,
                "muc_chuan" | "muc_huong" => Some(rate),
                name => GOOD.iter().find(|(n, _)| *n == name).map(|(_, v)| *v),
            })
            .collect();
        mapping.judge(&RawRow { number: 1, columns }, today)
    };
    let own = "10/2022/NQ-HĐND";
    let today = date(2023, 12, 18);
    let held = |j: &molisa_gateway::model::Judgement| j.held_for().map(|c| format!("{} {}", c.reason, c.field));
    assert_eq!(held(&judge(own, "2021-08-01", "380000", today)), None, "the decree's decision draws by the resolution");
    assert_eq!(
        held(&judge("11/2022/NQ-HĐND", "2021-08-01", "380000", today)).as_deref(),
        Some("unknown-code ChinhSach")
    );
    assert_eq!(held(&judge("11/2022/NQ-HĐND", "2022-09-01", "380000", today)), None);
    // The rate that starts in January cannot be drawn in December; the row is judged again on the first.
    let early = judge(own, "2023-01-01", "450000", today);
    assert_eq!(told(&early), ["amount MucChuan"]);
    assert_eq!(early.complaints[0].proposal.as_deref(), Some("380000"));
    assert_eq!(early.judge_again_on, Some(date(2024, 1, 1)));
    assert_eq!(held(&judge(own, "2023-01-01", "450000", date(2024, 1, 1))), None);
    // A decision made after the old rate had ended does not draw it.
    assert_eq!(held(&judge(own, "2024-02-01", "380000", date(2024, 3, 1))).as_deref(), Some("amount MucChuan"));
}

#[test]
fn a_rate_that_is_no_sum_is_a_fault_of_the_list() {
    let result = std::panic::catch_unwind(|| with_rates("20/2021,Nghị định 20/2021,,nhiều,,,,20,x,source\n"));
    let message = *result.expect_err("refused").downcast::<String>().expect("a message");
    assert!(message.contains("rates.csv:2") && message.contains("nhiều"), "{message}");
}

/// Only the highest coefficient applies (Decree 20/2021, Điều 6).
#[test]
fn of_several_rows_that_apply_the_highest_counts() {
    let mapping = with_list(
        "groups.csv",
        "code,name,condition,coefficient,age_from,age_to,disability_level,fixed_amount\n\
         5.5c,Nhóm,from 60,1,60,,,0\n\
         5.5c,Nhóm,from 80,2,80,,,0\n",
    );
    let judge = |born: &str, coefficient: &str, amount: &str, today| {
        let columns = mapping
            .columns()
            .iter()
            .map(|c| match c.name.as_str() {
                "ngay_sinh" => Some(born),
                "so_giay_to" => None,
                "he_so" => Some(coefficient),
                "muc_huong" => Some(amount),
                name => GOOD.iter().find(|(n, _)| *n == name).map(|(_, v)| *v),
            })
            .collect();
        let judged = mapping.judge(&RawRow { number: 1, columns }, today);
        (told(&judged).iter().any(|t| t.starts_with("age-group")), judged.judge_again_on)
    };
    let today = date(2023, 12, 18);
    assert!(!judge("01/02/1941", "2", "720000", today).0);
    assert!(judge("01/02/1941", "1", "360000", today).0, "over 80 it is 2");
    assert_eq!(judge("01/02/1944", "1", "360000", today), (false, Some(date(2024, 2, 1))), "79, and 80 in February");
    assert!(!judge("1943", "1", "360000", today).0, "known by year only, perhaps 79 still");
    assert!(!judge("1943", "2", "720000", today).0, "perhaps 80 already");
}
