//! The command line: one file a verb. The only room that prints.

// Before the others, whose lines go through its macros.
#[macro_use]
mod say;

mod check;
mod check_intake;
mod codes;
mod decide;
mod demo;
mod demo_applications;
mod demo_mismatches;
mod demo_sandbox;
mod demo_settings;
mod diff;
mod dossier;
mod dossier_files;
mod dossier_route;
mod dossier_settle;
mod dossier_show;
mod ended;
mod fields;
mod hand;
mod init;
mod mapping;
mod mismatch;
mod mismatch_decide;
mod mismatch_export;
mod mismatch_groups;
mod mismatch_look;
mod mismatch_show;
mod output;
mod paper;
mod person;
mod places;
mod progress;
mod pull;
mod queue;
mod reconcile;
mod report;
mod rows;
mod serve;
mod serve_reconcile;
mod sheet;
mod status;
mod status_intakes;
mod sync;
mod units;

use std::path::PathBuf;

use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::app::{App, AppError};
use crate::config::{Config, LogConfig, LogFormat};
use crate::sandbox::SandboxArgs;

/// Cổng kết nối hồ sơ trợ giúp xã hội của tỉnh với các hệ thống quốc gia /
/// gateway between a province's social-assistance records and the national systems.
#[derive(Debug, Parser)]
#[command(version, about)]
pub struct Cli {
    /// Tệp cấu hình / configuration file
    #[arg(long, global = true, default_value = "gateway.toml")]
    config: PathBuf,
    /// In một đối tượng JSON / print one JSON object
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Debug, Subcommand)]
enum Verb {
    /// Làm thử toàn bộ công việc với một tỉnh giả lập / the whole job with an invented province
    Demo(demo::DemoArgs),
    /// Tạo gateway.toml và mappings/ mẫu / write a starter gateway.toml and mappings/
    Init(init::InitArgs),
    /// Khám: cấu hình, ánh xạ, nguồn, kho, kết nối / the doctor
    Check,
    /// Sẽ gửi những gì, chưa gửi gì / what would be sent; sends nothing
    Plan(sync::StreamArgs),
    /// Chạy một lần / run once
    Sync(sync::SyncArgs),
    /// Lấy hồ sơ công dân nộp trên cổng / take in applications that citizens filed
    Pull(pull::PullArgs),
    /// Đối chiếu với hệ thống quốc gia / compare with what the nation has
    Reconcile(reconcile::ReconcileArgs),
    /// Chạy theo lịch / run on schedule
    Serve(serve::ServeArgs),
    /// Lần chạy gần nhất, những gì đang chờ / last runs and what waits
    Status,
    /// Hàng đợi và những bản ghi đang bị giữ / the outbox and what is held
    Queue(queue::QueueArgs),
    /// Hai bên khác nhau ở đâu, ai đúng, quyết định / where the two sides differ, and what is decided
    Mismatch(mismatch::MismatchArgs),
    /// Hồ sơ công dân nộp: danh sách, thời hạn, diễn biến / citizens' applications: lists, clocks, what happened
    Dossier(dossier::DossierArgs),
    /// Gửi lại những hồ sơ bị từ chối của một gói tin / send the refused records of a batch again
    Replay(decide::ReplayArgs),
    /// Ánh xạ / mappings
    Mapping(mapping::MappingArgs),
    /// Báo cáo: theo xã để ký, sáu tháng, danh sách chi trả / reports: by commune, of half a year, of a payment list
    Report(report::ReportArgs),
    /// Danh mục mã: xem, nhập bản mới / code lists: look, take in a new one
    Codes(codes::CodesArgs),
    /// Xã bị chia: địa chỉ nào về xã nào / split communes: which address went where
    Units(units::UnitsArgs),
    /// Đóng vai hệ thống quốc gia / play the national side
    Sandbox(SandboxArgs),
}

/// What a verb is called with.
struct Call {
    config: PathBuf,
    json: bool,
}

impl Call {
    async fn app(&self) -> Result<App, Failure> {
        Ok(App::open(&self.config).await?)
    }
}

/// A verb that failed: what to say and the exit code.
#[derive(Debug)]
struct Failure {
    code: u8,
    message: String,
}

impl Failure {
    fn new(code: u8, message: impl std::fmt::Display) -> Self {
        Self { code, message: message.to_string() }
    }
}

impl From<AppError> for Failure {
    fn from(error: AppError) -> Self {
        let code = if matches!(error, AppError::Faults(_)) { 2 } else { 1 };
        Self::new(code, error)
    }
}

impl From<crate::model::Faults> for Failure {
    fn from(faults: crate::model::Faults) -> Self {
        Self::new(2, faults)
    }
}

impl From<crate::store::StoreError> for Failure {
    fn from(error: crate::store::StoreError) -> Self {
        Self::new(1, error)
    }
}

impl From<crate::run::RunError> for Failure {
    fn from(error: crate::run::RunError) -> Self {
        Self::new(error.exit_code(), error)
    }
}

impl From<crate::intake::IntakeError> for Failure {
    fn from(error: crate::intake::IntakeError) -> Self {
        Self::new(error.exit_code(), error)
    }
}

/// Runs the command line; the exit code: 0 done, 1 failed, 2 wrong usage or configuration, 3 done but something waits
/// for a person, 4 a target could not be reached.
pub async fn run(cli: Cli) -> u8 {
    let call = Call { config: cli.config, json: cli.json };
    let result = match cli.verb {
        Verb::Demo(args) => demo::run(&call, &args).await,
        Verb::Init(args) => init::run(&call, &args),
        Verb::Check => check::run(&call).await,
        Verb::Plan(args) => sync::plan(&call, &args).await,
        Verb::Sync(args) => sync::run(&call, &args).await,
        Verb::Pull(args) => pull::run(&call, &args).await,
        Verb::Reconcile(args) => reconcile::run(&call, &args).await,
        Verb::Serve(args) => serve::run(&call, &args).await,
        Verb::Status => status::run(&call).await,
        Verb::Queue(args) => queue::run(&call, &args).await,
        Verb::Mismatch(args) => Box::pin(mismatch::run(&call, &args)).await,
        Verb::Dossier(args) => dossier::run(&call, &args).await,
        Verb::Replay(args) => decide::replay(&call, &args).await,
        Verb::Mapping(args) => mapping::run(&call, &args).await,
        Verb::Report(args) => report::run(&call, &args).await,
        Verb::Codes(args) => codes::run(&call, &args).await,
        Verb::Units(args) => units::run(&call, &args).await,
        Verb::Sandbox(args) => {
            let ready = |line: &str| say!("{line}");
            crate::sandbox::run(args, ready).await.map(|()| 0).map_err(|e| Failure::new(2, e))
        }
    };
    let code = result.unwrap_or_else(|failure| {
        if call.json {
            say!("{}", serde_json::json!({ "error": failure.message }));
        }
        complain!("{}", failure.message);
        failure.code
    });
    say::all_said(code)
}

/// Logs go to stderr, as `[log]` says; `RUST_LOG` comes before its level. The sandbox and the demo have no settings
/// of the operator's.
pub fn logs(cli: &Cli) {
    let log = match cli.verb {
        Verb::Demo(_) | Verb::Sandbox(_) | Verb::Init(_) => LogConfig::default(),
        _ => Config::log_of(&cli.config),
    };
    let level = log.level.as_deref().unwrap_or("warn,molisa_gateway=info");
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr).with_target(false);
    match log.format {
        LogFormat::Text => logs.init(),
        LogFormat::Json => logs.json().init(),
    }
}
