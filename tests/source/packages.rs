//! Workbooks put together byte by byte, to be as wrong as a test needs.

/// A part of a package: its name, its packed bytes, whether they are DEFLATE, and the size that is claimed.
pub struct Part {
    pub name: &'static str,
    pub bytes: Vec<u8>,
    pub deflated: bool,
    pub claimed: usize,
}

impl Part {
    pub fn stored(name: &'static str, text: &str) -> Self {
        Self { name, bytes: text.as_bytes().to_vec(), deflated: false, claimed: text.len() }
    }
}

/// A workbook of one sheet with the columns k and v and one row.
pub fn workbook() -> Vec<Part> {
    let sheet = "<worksheet><sheetData><row r=\"1\"><c r=\"A1\" t=\"s\"><v>0</v></c><c r=\"B1\" t=\"s\"><v>1</v></c></row>\
                 <row r=\"2\"><c r=\"A2\" t=\"inlineStr\"><is><t>a</t></is></c><c r=\"B2\"><v>7</v></c></row></sheetData></worksheet>";
    let types = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    vec![
        Part::stored("[Content_Types].xml", "<Types/>"),
        Part::stored(
            "_rels/.rels",
            &format!(
                "<Relationships><Relationship Id=\"r1\" Type=\"{types}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        Part::stored(
            "xl/workbook.xml",
            "<workbook xmlns:r=\"x\"><sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>",
        ),
        Part::stored(
            "xl/_rels/workbook.xml.rels",
            &format!(
                "<Relationships><Relationship Id=\"r1\" Type=\"{types}/worksheet\" Target=\"worksheets/sheet1.xml\"/></Relationships>"
            ),
        ),
        Part::stored("xl/worksheets/sheet1.xml", sheet),
        Part::stored("xl/sharedStrings.xml", "<sst uniqueCount=\"2\"><si><t>k</t></si><si><t>v</t></si></sst>"),
    ]
}

/// The same with one part exchanged.
pub fn workbook_with(part: Part) -> Vec<u8> {
    let mut parts = workbook();
    let at = parts.iter().position(|p| p.name == part.name).expect("a part of that name");
    parts[at] = part;
    zip(&parts)
}

fn crc(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(!0_u32, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| if crc & 1 == 1 { (crc >> 1) ^ 0xedb8_8320 } else { crc >> 1 })
    })
}

/// The package of these parts.
pub fn zip(parts: &[Part]) -> Vec<u8> {
    let (mut all, mut directory) = (Vec::new(), Vec::new());
    let number = |n: usize| u32::try_from(n).expect("small").to_le_bytes();
    for part in parts {
        let start = all.len();
        let method: u16 = if part.deflated { 8 } else { 0 };
        let mut head = Vec::new();
        head.extend(20_u16.to_le_bytes());
        head.extend([0; 2]);
        head.extend(method.to_le_bytes());
        head.extend([0; 4]);
        head.extend(crc(&part.bytes).to_le_bytes());
        head.extend(number(part.bytes.len()));
        head.extend(number(part.claimed));
        head.extend(u16::try_from(part.name.len()).expect("short").to_le_bytes());
        head.extend([0; 2]);
        all.extend(b"PK\x03\x04");
        all.extend(&head);
        all.extend(part.name.as_bytes());
        all.extend(&part.bytes);
        directory.extend(b"PK\x01\x02");
        directory.extend(20_u16.to_le_bytes());
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(number(start));
        directory.extend(part.name.as_bytes());
    }
    let (start, count) = (all.len(), u16::try_from(parts.len()).expect("few").to_le_bytes());
    all.extend(&directory);
    all.extend(b"PK\x05\x06\0\0\0\0");
    all.extend(count);
    all.extend(count);
    all.extend(number(directory.len()));
    all.extend(number(start));
    all.extend([0; 2]);
    all
}

/// DEFLATE of `head`, then `letter` for ever: `copies` times 258 of it, thirteen bits each.
pub fn bomb(head: &str, letter: u8, copies: usize) -> Vec<u8> {
    let (mut bytes, mut bits, mut count) = (Vec::new(), 0_u64, 0_u32);
    // Huffman codes stand with their highest bit first, all else with the lowest.
    let mut put = |value: u32, width: u32, code: bool| {
        for at in 0..width {
            let bit = if code { value >> (width - 1 - at) & 1 } else { value >> at & 1 };
            bits |= u64::from(bit) << count;
            count += 1;
            if count == 8 {
                bytes.push(u8::try_from(bits).expect("eight bits"));
                (bits, count) = (0, 0);
            }
        }
    };
    put(1, 1, false);
    put(1, 2, false);
    for byte in head.bytes().chain([letter]) {
        assert!(byte < 144);
        put(0x30 + u32::from(byte), 8, true);
    }
    for _ in 0..copies {
        put(0xc5, 8, true);
        put(0, 5, true);
    }
    put(0, 7, true);
    put(0, 7, false);
    bytes
}
