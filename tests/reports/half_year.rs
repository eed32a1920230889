//! The figures of half a year: against figures made by hand, whatever the history they add up, and the real program.

use jiff::civil::date;
use molisa_gateway::mapping::Mapping;
use molisa_gateway::model::Action;
use molisa_gateway::report::half_year::Count;
use molisa_gateway::report::person::record;
use molisa_gateway::report::{Figures, HalfYear, Line, Period, Settings, Version};
use proptest::prelude::*;

use super::{configured, path, read, report};
use crate::cli::program::json;
use crate::people::on_each;
use crate::run::crossed::{change, draws, run, stops};
use crate::support::world::mappings;

fn fields() -> HalfYear {
    let names =
        |entity: &str| Mapping::load(&mappings(), "misposasoft", entity).ok().map(|mapping| mapping.national_names());
    Settings::load(&mappings(), "misposasoft", &names).unwrap().half_year.unwrap()
}

fn write(sent: &str, group: &str, amount: i64, from: &str, more: &str) -> Version {
    let more = if more.is_empty() { String::new() } else { format!(",{more}") };
    let text = format!("{{\"NhomDoiTuong\":\"{group}\",\"MucHuong\":\"{amount}\",\"TuThang\":\"{from}\"{more}}}");
    Version { action: Action::Write, sent: Some(sent.parse().unwrap()), record: record(&text) }
}

fn stop(sent: &str, day: &str, reason: &str) -> Version {
    let text = format!("{{\"NgayDung\":\"{day}\",\"LyDoDung\":\"{reason}\"}}");
    Version { action: Action::Stop, sent: Some(sent.parse().unwrap()), record: record(&text) }
}

fn count(people: u64, amount: i64) -> Count {
    Count { people, amount }
}

const GONE: &str = "\"TrangThai\":\"CHUYEN_DI\"";

/// Of the first half of 2023, by hand.
#[test]
fn figures_are_those_made_by_hand() {
    let (fields, period) = (fields(), Period::half(2023, 1));
    let mut figures = Figures::default();
    let mut person = |versions: &[Version]| figures.count(&fields, period, versions);
    // All that was sent at first came late: what is in it counts by its own days.
    person(&[write("2023-12-18", "5.5c", 360, "03/2021", "")]);
    person(&[write("2023-12-18", "5.5c", 360, "01/2023", "")]);
    person(&[write("2023-12-18", "5.5c", 360, "07/2023", "")]);
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), stop("2023-07-02", "30/06/2023", "a")]);
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), stop("2023-06-02", "31/12/2022", "a")]);
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), stop("2023-06-02", "01/07/2023", "b")]);
    // Another amount, another group, both.
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), write("2023-02-01", "5.5c", 500, "02/2023", "")]);
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), write("2023-02-01", "5.6", 540, "03/2021", "")]);
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), write("2023-08-01", "5.6", 540, "03/2021", "")]);
    // Moved away; a term that runs out; suspended; came, and went in the same half.
    person(&[write("2022-12-18", "5.5c", 360, "03/2021", ""), write("2023-04-01", "5.5c", 360, "03/2021", GONE)]);
    person(&[write("2022-12-18", "5.6", 540, "03/2021", "\"DenThang\":\"05/2023\"")]);
    person(&[write("2022-12-18", "5.6", 540, "03/2021", "\"TrangThai\":\"TAM_DUNG\"")]);
    person(&[write("2023-02-18", "5.6", 540, "02/2023", ""), stop("2023-06-02", "31/05/2023", "a")]);
    // Stopped, and came back.
    person(&[
        write("2022-12-18", "5.6", 540, "03/2021", ""),
        stop("2023-02-02", "31/01/2023", "b"),
        write("2023-05-18", "5.6", 540, "05/2023", ""),
    ]);
    // Nobody tells since when; of one nothing is kept but the stop.
    person(&[write("2022-12-18", "5.6", 540, "", "")]);
    person(&[stop("2023-06-02", "31/05/2023", "a")]);
    let old = Line {
        start: count(7, 2520),
        new: count(1, 360),
        stopped: [("a".to_owned(), count(1, 360))].into(),
        moved: count(1, 360),
        to_group: count(1, 360),
        changed: count(1, 140),
        end: count(5, 1940),
        ..Line::default()
    };
    let disabled = Line {
        start: count(4, 2160),
        new: count(2, 1080),
        from_group: count(1, 360),
        stopped: [(String::new(), count(1, 540)), ("a".to_owned(), count(1, 540)), ("b".to_owned(), count(1, 540))]
            .into(),
        changed: count(1, 180),
        end: count(4, 2160),
        suspended: 1,
        ..Line::default()
    };
    assert_eq!(figures.groups["5.5c"], old);
    assert_eq!(figures.groups["5.6"], disabled);
    assert_eq!((figures.without_content, figures.without_start), (1, 1));
    assert!(figures.groups.values().all(Line::adds_up) && figures.total().adds_up());
    assert_eq!(figures.total().end, count(9, 4100));
}

/// Single parent and another group: each group counts them, the total counts them once and has all that they draw.
#[test]
fn a_person_in_two_groups_is_one_person() {
    let (fields, period) = (fields(), Period::half(2023, 1));
    let mut figures = Figures::default();
    let mut of = |person: &str, versions: &[Version]| figures.count_of(person, &fields, period, versions);
    // Both all the time, one of them suspended; the second came, and then the first went; both came, both went.
    of("A", &[write("2022-12-18", "5.4", 360, "03/2021", "")]);
    of("A", &[write("2022-12-18", "5.5c", 400, "03/2021", "\"TrangThai\":\"TAM_DUNG\"")]);
    of("B", &[write("2022-12-18", "5.4", 360, "03/2021", ""), stop("2023-05-02", "30/04/2023", "a")]);
    of("B", &[write("2023-02-18", "5.5c", 400, "02/2023", "")]);
    of("C", &[write("2023-02-18", "5.4", 360, "02/2023", ""), stop("2023-05-02", "30/04/2023", "a")]);
    of("C", &[write("2023-02-18", "5.5c", 400, "02/2023", ""), stop("2023-06-02", "31/05/2023", "b")]);
    // One after the other: went, and came again. And somebody whose other record is of another time.
    of("D", &[write("2022-12-18", "5.4", 360, "03/2021", ""), stop("2023-02-02", "31/01/2023", "a")]);
    of("D", &[write("2023-05-18", "5.5c", 400, "05/2023", "")]);
    of("E", &[write("2022-12-18", "5.5c", 400, "03/2021", "")]);
    of("E", &[write("2023-08-18", "5.4", 360, "08/2023", "")]);
    let (single, old, total) = (&figures.groups["5.4"], &figures.groups["5.5c"], figures.total());
    assert_eq!((single.start, single.new, single.end), (count(3, 1080), count(1, 360), count(1, 360)));
    assert_eq!((old.start, old.new, old.end), (count(2, 800), count(3, 1200), count(4, 1600)));
    assert_eq!((total.start, total.new, total.end), (count(4, 1880), count(2, 1560), count(4, 1960)));
    assert_eq!(total.stopped, [("a".to_owned(), count(1, 1080)), ("b".to_owned(), count(1, 400))].into());
    assert_eq!((old.suspended, total.suspended), (1, 0), "what they draw besides goes on");
    assert_eq!(figures.in_two(), 3);
    assert!(figures.groups.values().all(Line::adds_up) && total.adds_up(), "{total:?}");
}

proptest! {
    /// Whatever was accepted of whomever, each group adds up, and the end of one half is the beginning of the next.
    #[test]
    fn every_history_adds_up(histories in prop::collection::vec(prop::collection::vec((0_i32..900, 0_u8..4, 0_usize..3, 0_i64..3, 0_i32..36), 1..6), 1..12)) {
        let fields = fields();
        let all: Vec<Vec<Version>> = histories.iter().map(|history| {
            let mut sent: Vec<_> = history.iter().map(|one| one.0).collect();
            sent.sort_unstable();
            history.iter().zip(sent).map(|((_, what, group, amount, month), sent)| {
                let day = date(2022, 1, 1).checked_add(jiff::Span::new().days(sent)).unwrap();
                let on = date(2021, 6, 15).checked_add(jiff::Span::new().months(*month)).unwrap();
                let (month, on) = (on.strftime("%m/%Y").to_string(), on.strftime("%d/%m/%Y").to_string());
                match what {
                    0 => stop(&day.to_string(), &on, "b"),
                    1 => write(&day.to_string(), "5.6", 540, &month, GONE),
                    _ => write(&day.to_string(), ["5.4", "5.5c", "5.6"][*group], 360 + amount * 100, &month, ""),
                }
            }).collect()
        }).collect();
        let mut before: Option<u64> = None;
        for (year, half) in [(2021, 2), (2022, 1), (2022, 2), (2023, 1), (2023, 2), (2024, 1), (2024, 2)] {
            let mut figures = Figures::default();
            // Some have two records.
            for (nth, versions) in all.iter().enumerate() {
                let period = Period::half(year, half);
                match nth % 3 {
                    0 => figures.count(&fields, period, versions),
                    _ => figures.count_of(&(nth / 3).to_string(), &fields, period, versions),
                }
            }
            let records: u64 = figures.groups.values().map(|line| line.end.people).sum();
            prop_assert!(figures.total().end.people <= records);
            let total = figures.total();
            prop_assert!(figures.groups.values().all(Line::adds_up) && total.adds_up(), "{year} {half}: {figures:?}");
            prop_assert!(before.is_none_or(|end| end == total.start.people), "{year} {half}");
            before = Some(total.end.people);
        }
    }
}

#[tokio::test]
async fn the_program_writes_them_in_every_form() {
    for (world, _database) in on_each("half_year").await {
        draws(&world, "A", "087141000123", "5.5c", &[]);
        draws(
            &world,
            "B",
            "087141000456",
            "5.5c",
            &[
                ("ho_ten", "Lê Văn Hai"),
                ("chinh_sach", "335/2026"),
                ("muc_chuan", "540000"),
                ("muc_huong", "540000"),
                ("tu_thang", "08/2026"),
            ],
        );
        draws(&world, "C", "087141000789", "5.5c", &[("ho_ten", "Lê Văn Ba")]);
        draws(&world, "D", "087141000888", "5.5c", &[("ho_ten", "Lê Văn Bốn")]);
        draws(&world, "E", "087141000999", "5.8", &[("ho_ten", "Lê Văn Năm")]);
        // The first of them is a single parent as well.
        draws(&world, "F", "087141000123", "5.4", &[]);
        let first = run(&world, &world.stream).await;
        assert_eq!(first.confirmed, 6, "{first:?}");
        world.hands.pass(86_400_000);
        stops(&world, "C", "2026-10-01");
        change(&world, "doi_tuong", "D", "trang_thai = 'Chuyển đi'");
        change(&world, "doi_tuong", "E", "nhom = '5.5c', he_so = '1', muc_huong = 360000");
        run(&world, &world.stream).await;
        configured(&world);
        let to = |format: &str| {
            let file = path(&world, &format!("so-lieu.{format}"));
            let told = report(
                &world,
                &["--json", "report", "half-year", "--year", "2026", "--half", "2", "--format", format, "--to", &file],
            );
            assert_eq!(told.status.code(), Some(0), "{told:?}");
            (file, json(&told))
        };
        let (file, told) = to("json");
        let total = &told["total"];
        assert_eq!(total["start"], serde_json::json!({ "people": 4, "amount": 1_980_000 }), "{told}");
        assert_eq!(total["new"], serde_json::json!({ "people": 1, "amount": 540_000 }));
        assert_eq!(total["stopped"], serde_json::json!({ "b": { "people": 1, "amount": 360_000 } }));
        assert_eq!(total["moved"]["people"], 1);
        assert_eq!(total["end"], serde_json::json!({ "people": 3, "amount": 1_620_000 }));
        assert_eq!(told["in_two_groups"], 1);
        let rows: serde_json::Value = serde_json::from_str(&read(&file)).unwrap();
        let groups = rows["groups"].as_array().unwrap();
        assert_eq!(
            (groups.len(), groups[1]["group"].as_str(), groups[1]["from_group"].as_i64()),
            (4, Some("5.5c"), Some(1))
        );
        assert_eq!(
            (groups[2]["to_group_amount"].as_i64(), groups[1]["changed_amount"].as_i64()),
            (Some(540_000), Some(-180_000))
        );
        let note = "1 người hưởng ở hai nhóm: mỗi nhóm đều tính, tổng số người chỉ tính một lần; số tiền tính đủ / 1 people draw";
        let csv = read(&to("csv").0);
        assert!(csv.contains("trong đó b: Không còn đủ điều kiện (người)") && csv.contains(note), "{csv}");
        let page = read(&to("html").0);
        assert!(
            page.contains("sáu tháng cuối năm 2026")
                && page.contains("<td>Tổng cộng</td><td class=\"n\">4<br><small>1.980.000</small></td>")
                && page.contains("<td class=\"n\">3<br><small>1.620.000</small></td>")
                && page.contains("<td>b: Không còn đủ điều kiện")
                && page.contains("Thông tư số 02/2021")
                && page.contains(note),
            "{page}"
        );
        to("xlsx");
        // The first half has nobody new and nobody gone.
        let file = path(&world, "dau.json");
        let told = json(&report(
            &world,
            &["--json", "report", "half-year", "--year", "2026", "--half", "1", "--format", "json", "--to", &file],
        ));
        assert_eq!(
            (told["total"]["end"]["people"].as_u64(), told["total"]["new"]["people"].as_u64()),
            (Some(4), Some(0))
        );
    }
}
