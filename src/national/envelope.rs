//! What stands around records on the wire: a batch with its own names (as JSON, SOAP or a file), one flat record, or a
//! list of bare records.

use super::body::{Body, Field, Key, Writer, quoted_len};
use super::encode::{Encoder, Frame, Item};
use super::files::{FileForm, FileKind};
use super::soap::{Names, SoapForm};

/// How records are put into a body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Envelope {
    /// A batch with a key; each record with reference, version and action.
    Batch(Box<BatchNames>),
    /// The same batch in a SOAP 1.1 envelope.
    Soap {
        /// Its names.
        names: Box<BatchNames>,
        /// Its elements.
        form: SoapForm,
    },
    /// The same batch as a file for upload by hand.
    File {
        /// Its names.
        names: Box<BatchNames>,
        /// Its columns.
        form: FileForm,
    },
    /// One record a call: its own members, with further fields before them.
    Record {
        /// The further fields.
        fields: Vec<Field>,
    },
    /// Fields, then a list of bare records.
    List {
        /// The fields before the list.
        fields: Vec<Field>,
        /// The list.
        list: Key,
    },
}

/// The names around and inside a batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchNames {
    /// The province's code.
    pub province: Key,
    /// The batch's idempotency key.
    pub batch_key: Key,
    /// When the batch was formed.
    pub sent_at: Key,
    /// The list of items.
    pub list: Key,
    /// In an item: our reference.
    pub reference: Key,
    /// In an item: the hash of the content.
    pub version: Key,
    /// In an item: the action's word.
    pub action: Key,
    /// In an item: the record.
    pub record: Key,
    /// In a question: the batch's key.
    pub ask_key: Key,
}

impl Envelope {
    /// The names of a batch with a key of its own; `None` for forms that have none.
    pub fn batch(&self) -> Option<&BatchNames> {
        match self {
            Self::Batch(names) | Self::Soap { names, .. } | Self::File { names, .. } => Some(names),
            Self::Record { .. } | Self::List { .. } => None,
        }
    }

    /// The fields that stand in every body.
    pub fn fields(&self) -> &[Field] {
        match self {
            Self::Batch(_) | Self::Soap { .. } | Self::File { .. } => &[],
            Self::Record { fields } | Self::List { fields, .. } => fields,
        }
    }
}

impl Encoder<'_> {
    /// The bytes of a body: the same for the same items, key and time of forming. A profile with one record a call
    /// has a limit of one record, so there is never a second.
    pub fn body<'i>(&self, frame: &Frame<'_>, items: impl IntoIterator<Item = Item<'i>>) -> Body {
        match &self.entity.envelope {
            Envelope::Soap { names, form } => return self.soap(names, form, frame, items),
            Envelope::File { names, form } => return self.file(names, form, frame, items),
            _ => {}
        }
        let mut w = Writer { out: String::with_capacity(64 * 1024), blanks: Vec::new() };
        w.out.push('{');
        match &self.entity.envelope {
            Envelope::Batch(names) => self.batch(&mut w, names, frame, items),
            // Written above.
            Envelope::Soap { .. } | Envelope::File { .. } => {}
            Envelope::Record { fields } => {
                self.fields(&mut w, fields);
                for item in items {
                    let record = self.profile.wire_record(item.canonical);
                    let members = inside(&record);
                    if !members.is_empty() {
                        w.comma();
                        w.out.push_str(members);
                    }
                }
            }
            Envelope::List { fields, list } => {
                self.fields(&mut w, fields);
                w.comma();
                w.out.push_str(&list.quoted);
                w.out.push('[');
                for item in items {
                    w.comma();
                    w.out.push_str(&self.profile.wire_record(item.canonical));
                }
                w.out.push(']');
            }
        }
        w.out.push('}');
        w.finish()
    }

    /// The bytes of a body without items, placeholders unfilled.
    pub fn frame_bytes(&self, frame: &Frame<'_>) -> usize {
        let all = || self.entity.envelope.fields().iter().chain(&self.call.fields);
        // Each field, and a comma between two.
        let fields = all().map(Field::bytes).sum::<usize>() + all().count().saturating_sub(1);
        match &self.entity.envelope {
            Envelope::Batch(e) => {
                let names =
                    e.province.quoted.len() + e.batch_key.quoted.len() + e.sent_at.quoted.len() + e.list.quoted.len();
                // Two braces, three commas, two brackets.
                7 + names + quoted_len(frame.province) + quoted_len(frame.batch_key) + quoted_len(frame.sent_at)
            }
            Envelope::Soap { names, form } => {
                let names = self.names(names);
                form.head(names, frame.province, frame.batch_key, frame.sent_at).len() + form.tail(names).len()
            }
            // Packed, so nobody knows before it is written; the rows are counted as they are.
            Envelope::File { .. } => 0,
            Envelope::Record { .. } => 2 + fields,
            // Two braces, two brackets, and the comma before the list.
            Envelope::List { list, .. } => 4 + fields + usize::from(all().next().is_some()) + list.quoted.len(),
        }
    }

    /// The bytes that one item takes. A body takes [`Encoder::frame_bytes`], its items and a comma less than it has items.
    pub fn item_bytes(&self, item: &Item<'_>) -> usize {
        let record = self.profile.wire_record(item.canonical);
        match &self.entity.envelope {
            Envelope::Batch(e) => {
                let names =
                    e.reference.quoted.len() + e.version.quoted.len() + e.action.quoted.len() + e.record.quoted.len();
                let word = self.profile.wire_words.of(item.action);
                // Two braces and three commas.
                5 + names + quoted_len(item.reference) + quoted_len(item.version) + quoted_len(word) + record.len()
            }
            Envelope::Soap { names, form } => {
                form.item(self.names(names), self.profile.wire_words.of(item.action), item).len()
            }
            Envelope::Record { fields } => {
                let members = inside(&record).len();
                members + usize::from(members > 0 && fields.len() + self.call.fields.len() > 0)
            }
            Envelope::File { .. } | Envelope::List { .. } => record.len(),
        }
    }

    /// One record's body as a person can read it: the bytes themselves, or a workbook's table as CSV.
    pub fn shown(&self, frame: &Frame<'_>, item: Item<'_>) -> String {
        let bytes = match &self.entity.envelope {
            Envelope::File { names, form } if form.kind == FileKind::Xlsx => {
                let word = self.profile.wire_words.of(item.action);
                form.shown(self.names(names), frame.batch_key, &[(item, word)])
            }
            _ => self.body(frame, [item]).bytes,
        };
        String::from_utf8_lossy(&bytes).into_owned()
    }

    fn names<'n>(&'n self, batch: &'n BatchNames) -> Names<'n> {
        Names { batch, rename: &self.profile.rename }
    }

    fn soap<'i>(
        &self,
        names: &BatchNames,
        form: &SoapForm,
        frame: &Frame<'_>,
        items: impl IntoIterator<Item = Item<'i>>,
    ) -> Body {
        let names = self.names(names);
        let mut out = form.head(names, frame.province, frame.batch_key, frame.sent_at);
        for item in items {
            out.push_str(&form.item(names, self.profile.wire_words.of(item.action), &item));
        }
        out.push_str(&form.tail(names));
        out.into_bytes().into()
    }

    fn file<'i>(
        &self,
        names: &BatchNames,
        form: &FileForm,
        frame: &Frame<'_>,
        items: impl IntoIterator<Item = Item<'i>>,
    ) -> Body {
        let items: Vec<(Item<'i>, &str)> =
            items.into_iter().map(|item| (item, self.profile.wire_words.of(item.action))).collect();
        let bytes = form.write(self.names(names), (frame.province, frame.batch_key, frame.sent_at), &items);
        Body { bytes, blanks: Vec::new(), file: Some(form.file_name(&self.call.path, frame.batch_key)) }
    }

    fn fields(&self, w: &mut Writer, fields: &[Field]) {
        for field in fields.iter().chain(&self.call.fields) {
            w.field(field, "");
        }
    }

    fn batch<'i>(
        &self,
        w: &mut Writer,
        names: &BatchNames,
        frame: &Frame<'_>,
        items: impl IntoIterator<Item = Item<'i>>,
    ) {
        w.pair(&names.province, frame.province);
        w.pair(&names.batch_key, frame.batch_key);
        w.pair(&names.sent_at, frame.sent_at);
        w.comma();
        w.out.push_str(&names.list.quoted);
        w.out.push('[');
        for item in items {
            w.comma();
            w.out.push('{');
            w.pair(&names.reference, item.reference);
            w.pair(&names.version, item.version);
            w.pair(&names.action, self.profile.wire_words.of(item.action));
            w.comma();
            w.out.push_str(&names.record.quoted);
            w.out.push_str(&self.profile.wire_record(item.canonical));
            w.out.push('}');
        }
        w.out.push(']');
    }
}

/// An object's members, without its braces.
fn inside(object: &str) -> &str {
    object.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(object)
}
