//! Delivery by files: where a province has no interface yet, a batch is a numbered file for upload by hand, and the
//! system's answer is a result file that somebody puts back.
//!
//! * [`FileForm`] (`sheet`) makes the file: XLSX, CSV or XML in the system's columns; the same rows give the same bytes.
//! * [`FolderTransport`] writes it into `out/` and looks for its answer in `results/`. To delivery it is a system like
//!   any other: a batch that was written is *pending* until its result file is there, and is asked about at every run.
//! * `folder` keeps the numbers: what was written once is never written again, wherever the file was carried.
//! * `result` reads a result file; a workbook after [`crate::package`] has looked at it.

mod folder;
mod result;
mod sheet;

pub use sheet::{FileForm, FileKind};

use std::path::Path;
use std::sync::Arc;

use serde_json::json;

use self::folder::{Folder, Written};
use super::form::{AnswerForm, CodeMeaning};
use super::profile::Operation;
use super::wire::{Cause, Exchange, Purpose, Reply, Transport, WireError, WireRequest};

/// The most result files for one batch.
const MOST_RESULTS: usize = 20;
/// The most that is told of a file's name.
const NAME_LENGTH: usize = 60;

/// The folder that stands for a system.
#[derive(Clone)]
pub struct FolderTransport {
    folder: Arc<Folder>,
    form: Arc<AnswerForm>,
}

impl FolderTransport {
    /// Opens the folder and makes its parts.
    pub fn open(folder: &Path, form: AnswerForm) -> std::io::Result<Self> {
        Ok(Self { folder: Arc::new(Folder::open(folder)?), form: Arc::new(form) })
    }

    fn answer(&self, request: &WireRequest) -> Result<Reply, WireError> {
        let name = request.path.rsplit('/').next().unwrap_or_default();
        let written = self.folder.written(name).map_err(|error| self.unread(&error))?;
        match (request.purpose, written) {
            (Purpose::Operation(Operation::Write), Some(written)) => self.same(&written, &request.body),
            (Purpose::Operation(Operation::Write), None) => {
                self.folder.write(name, &request.body).map_err(|error| WireError::NotSent {
                    cause: Cause::File,
                    why: format!("không ghi được tệp vào {} / cannot be written: {error}", self.folder),
                })?;
                Ok(self.pending(""))
            }
            (Purpose::Operation(Operation::Ask), None) => Ok(self.reply(CodeMeaning::NeverSeen, "", None)),
            (Purpose::Operation(Operation::Ask), Some(written)) => self.look(written.number, request.answer_limit),
            _ => Err(WireError::NotSent {
                cause: Cause::Request,
                why: "hệ thống giao bằng tệp chỉ ghi và hỏi / a folder knows only write and ask".into(),
            }),
        }
    }

    /// A repetition is none where the very same bytes were written.
    fn same(&self, written: &Written, body: &[u8]) -> Result<Reply, WireError> {
        if written.hash == folder::hash(body) {
            return Ok(self.pending(""));
        }
        let why = format!("tệp {:06} đã ghi với nội dung khác / was written with other content", written.number);
        Err(WireError::Unknown { why })
    }

    /// Looks for the result files of a number. One that cannot be read holds the batch until a person mends it.
    fn look(&self, number: u64, limit: usize) -> Result<Reply, WireError> {
        let found = self.folder.results(number).map_err(|error| self.unread(&error))?;
        if found.files.is_empty() {
            return Ok(match found.nameless {
                None => self.pending(""),
                Some(name) => self.pending(&format!(
                    "results/{}: tên phải bắt đầu bằng số của tệp đã nộp / its name must begin with the number of its file",
                    shown(&name)
                )),
            });
        }
        if found.files.len() > MOST_RESULTS {
            return Ok(self.pending(&format!(
                "{number:06}: hơn {MOST_RESULTS} tệp kết quả, hãy gộp lại / more than {MOST_RESULTS} result files"
            )));
        }
        let mut results = Vec::new();
        for file in &found.files {
            let name = file.file_name().unwrap_or_default().to_string_lossy();
            match result::read(file, &self.form, limit) {
                Ok(more) => results.extend(more),
                Err(why) => {
                    return Ok(self
                        .pending(&format!("results/{}: {why}. Sửa rồi chạy lại / mend it, run again", shown(&name))));
                }
            }
        }
        if results.len() > self.form.results_limit {
            return Ok(self.pending(&format!("{number:06}: quá nhiều kết quả / too many results")));
        }
        Ok(self.reply(CodeMeaning::Accepted, "", Some(results)))
    }

    fn pending(&self, message: &str) -> Reply {
        self.reply(CodeMeaning::Pending, message, None)
    }

    /// An answer in the form that the profile tells, so that it is judged as any other is.
    fn reply(&self, meaning: CodeMeaning, message: &str, results: Option<Vec<serde_json::Value>>) -> Reply {
        let code = self.form.codes.iter().find(|(_, m)| *m == meaning).map_or("", |(code, _)| code);
        let mut answer = serde_json::Map::new();
        answer.insert(self.form.names.code.clone(), json!(code));
        answer.insert(self.form.names.message.clone(), json!(message));
        if let Some(results) = results {
            answer.insert(self.form.names.results.clone(), json!(results));
        }
        Reply { status: 200, body: serde_json::Value::Object(answer).to_string().into_bytes(), ..Reply::default() }
    }

    fn unread(&self, error: &std::io::Error) -> WireError {
        WireError::Unknown {
            why: format!("không đọc được thư mục {} / cannot be read: {error}", self.folder)
        }
    }
}

impl Transport for FolderTransport {
    fn exchange(&self, request: WireRequest) -> Exchange<'_> {
        let own = self.clone();
        Box::pin(async move {
            let done = tokio::task::spawn_blocking(move || own.answer(&request)).await;
            done.unwrap_or_else(|error| Err(WireError::Unknown { why: format!("a task died: {error}") }))
        })
    }
}

fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(NAME_LENGTH).collect()
}
