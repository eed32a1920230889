//! The demo's gateway.toml: one like an operator's, for loopback, with every programme and both portals.

use std::fmt::Write as _;
use std::path::Path;

use super::{Failure, init};
use crate::national::Profile;
use crate::province::{MARKERS, NUMBERS, RECEIVED, Table};

/// A stream of the demo.
pub(super) struct Line {
    pub name: &'static str,
    pub system: &'static str,
    pub entity: &'static str,
    /// The local table that it reads.
    pub table: Table,
    /// What else its section says.
    more: &'static str,
}

const fn line(name: &'static str, table: Table) -> Line {
    Line { name, system: "misposasoft", entity: name, table, more: "" }
}

const fn of_portal(
    name: &'static str,
    system: &'static str,
    entity: &'static str,
    table: Table,
    more: &'static str,
) -> Line {
    Line { name, system, entity, table, more }
}

/// The stream of those who draw a monthly allowance.
pub(super) const BENEFICIARIES: &str = "doi-tuong";

/// The streams in the order of sending; a dossier is opened, then its steps go, then its present status.
pub(super) const STREAMS: [Line; 13] = [
    line(BENEFICIARIES, Table::DoiTuong),
    line("mai-tang-phi", Table::MaiTang),
    line("tro-giup-dot-xuat", Table::TroGiupDotXuat),
    line("cham-soc-khan-cap", Table::ChamSocKhanCap),
    line("co-so-tro-giup", Table::CoSoTroGiup),
    line("chi-tra", Table::ChiTra),
    line("chuc-tho", Table::ChucTho),
    of_portal("dvcbtxh-mo-ho-so", "dvcbtxh", "mo-ho-so", Table::HoSo, "once = true\n"),
    of_portal("dvcbtxh-buoc-xu-ly", "dvcbtxh", "buoc-xu-ly", Table::BuocXuLy, "after = [\"dvcbtxh-mo-ho-so\"]\n"),
    of_portal(
        "dvcbtxh-ho-so",
        "dvcbtxh",
        "ho-so",
        Table::HoSo,
        "after = [\"dvcbtxh-mo-ho-so\", \"dvcbtxh-buoc-xu-ly\"]\n",
    ),
    of_portal("dvcqg-mo-ho-so", "dvcqg", "mo-ho-so", Table::HoSo, "once = true\n"),
    of_portal("dvcqg-tien-do", "dvcqg", "tien-do", Table::BuocXuLy, "after = [\"dvcqg-mo-ho-so\"]\n"),
    of_portal("dvcqg-ho-so", "dvcqg", "ho-so", Table::HoSo, "after = [\"dvcqg-mo-ho-so\", \"dvcqg-tien-do\"]\n"),
];

/// The stream that opens dossiers at the portal where citizens file.
pub(super) const OPENING: &str = "dvcbtxh-mo-ho-so";

/// The intake of what they file.
pub(super) const INTAKE: &str = "don-truc-tuyen";

/// What the sandbox takes for every credential.
const SECRET: &str = "sandbox";

/// Writes the further credentials that a profile asks for by names of its own, and gives back where they stand.
fn credentials(dir: &Path, profile: &str) -> Result<String, Failure> {
    let mut files = Vec::new();
    for name in Profile::load(&dir.join("mappings"), profile)?.needs() {
        if !["id", "secret"].contains(&name.as_str()) {
            let file = format!("secrets/{profile}-{name}");
            init::write_secret(&dir.join(&file), SECRET)?;
            files.push(format!("{name} = \"{file}\""));
        }
    }
    Ok(files.join(", "))
}

/// Writes mappings, secrets and gateway.toml; applications are asked for from `start` on, `rows` tells how many rows a table has.
pub(super) fn settings(
    dir: &Path,
    address: &str,
    start: jiff::civil::Date,
    rows: &dyn Fn(Table) -> u64,
) -> Result<(), Failure> {
    init::write_mappings(&dir.join("mappings"))?;
    for name in ["id", "secret"] {
        init::write_secret(&dir.join("secrets").join(name), SECRET)?;
    }
    let (dvcbtxh, dvcqg) = (credentials(dir, "dvcbtxh")?, credentials(dir, "dvcqg")?);
    let mut text = format!(
        r#"# Cấu hình của lần chạy thử / the demo's configuration
mappings = "mappings"

[province]
code = "87"
name = "Đồng Tháp (giả lập / invented)"

[store]
kind = "sqlite"
path = "store.db"

[[system]]
name = "misposasoft"
base = "http://{address}"
id_file = "secrets/id"
secret_file = "secrets/secret"
per_minute = 60000
parallel = 4
retry = ["200ms", "500ms", "1s", "2s"]

[[system]]
name = "dvcbtxh"
base = "http://{address}"
credential_files = {{ {dvcbtxh} }}
per_minute = 600000
parallel = 16

[[system]]
name = "dvcqg"
base = "http://{address}"
id_file = "secrets/id"
secret_file = "secrets/secret"
credential_files = {{ {dvcqg} }}
per_minute = 600000
parallel = 8
"#
    );
    let mut tables: Vec<Table> = STREAMS.iter().map(|line| line.table).collect();
    tables.sort_unstable();
    tables.dedup();
    for table in tables {
        let table = table.name();
        let _ = write!(
            text,
            r#"
[[source]]
name = "{table}"
kind = "sqlite"
path = "local.db"
query = "select * from {table}"
"#
        );
    }
    for Line { name, system, entity, table, more } in &STREAMS {
        // A share of a few hundred is a handful: there the brake goes by number. So it does where a day's news is no
        // share of what there is: steps and dossiers.
        let brake = match *system {
            "misposasoft" if *name != BENEFICIARIES && rows(*table) < 1000 => {
                "brake = { new = \"20\", changed = \"20\", stopped = \"20\" }\n"
            }
            "misposasoft" => "",
            _ => "brake = { new = \"5000\", changed = \"5000\", stopped = \"0\" }\n",
        };
        let table = table.name();
        let _ = write!(
            text,
            r#"
[[stream]]
name = "{name}"
source = "{table}"
system = "{system}"
entity = "{entity}"
{more}{brake}"#
        );
    }
    let _ = write!(
        text,
        r#"
[[source]]
name = "so-mot-cua"
kind = "sqlite"
path = "local.db"
query = "select ma_ho_so, so_tiep_nhan from {NUMBERS}"

[[intake]]
name = "{INTAKE}"
system = "dvcbtxh"
entity = "tiep-nhan"
start = "{start}"
numbers = "so-mot-cua"

[intake.hand_over]
kind = "table"
engine = "sqlite"
path = "local.db"
table = "{RECEIVED}"
marker = "{MARKERS}"

[intake.attachments]
folder = "tep-dinh-kem"
"#
    );
    init::write(&dir.join("gateway.toml"), text.as_bytes())
}
