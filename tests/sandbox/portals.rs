//! The portals and the SOAP form over real connections, faults included.

use molisa_gateway::sandbox::System;

use super::*;

fn progress(number: &str, second: usize) -> Value {
    json!({"MaHoSo": number, "NguoiXuLy": "Cán bộ", "ChucDanh": "", "ThoiDiemXuLy": format!("202312180830{second:02}"),
        "PhongBanXuLy": "", "NoiDungXuLy": "", "TrangThai": "4", "NgayBatDau": "", "NgayKetThucTheoQuyDinh": ""})
}

fn step(number: &str) -> Value {
    json!({"AcceptKey": "sandbox", "MaHoSo": number, "TaiKhoanXuLy": "", "NguoiXuLy": "Cán bộ", "ChucDanh": "",
        "ThoiDiemXuLy": "18/12/2023 09:00:00", "DonViXuLy": "", "NoiDungXuLy": "", "StatusId": "4", "NgayBatDau": "",
        "NgayKetThucTheoQuyDinh": ""})
}

impl Server {
    async fn portal(&self, path: &str, body: &Value) -> reqwest::Result<Value> {
        let request = self.client.post(self.url(path)).header("dstcode", "H20").body(body.to_string());
        Ok(serde_json::from_slice(&request.send().await?.bytes().await?).unwrap_or_default())
    }

    async fn control(&self, path: &str, body: &Value) {
        let answer = self.client.post(self.url(path)).body(body.to_string()).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{body}");
    }
}

#[tokio::test]
async fn dossiers_go_up_and_are_listed() {
    let server = Server::start().await;
    let seeds = json!([{"system": "dvcqg", "MaHoSo": "H20.14-240703-0001", "TrangThai": "2"},
        {"system": "dvcqg", "MaHoSo": "H20.14-240703-0002", "TrangThai": "2"},
        {"system": "dvcbtxh", "MaHoSo": "H20.14-240703-0001", "TrangThai": "2"}]);
    server.control("/_sandbox/dossiers", &seeds).await;
    let login =
        server.portal("/dvcqg/mapi/login", &json!({"username": "sandbox", "password": "sandbox"})).await.unwrap();
    let session = login["session"].as_str().unwrap();
    let steps: Vec<Value> = (0..10).map(|second| progress("H20.14-240703-0001", second)).collect();
    let call = json!({"session": session, "madonvi": "H20", "service": "CapNhatTienDoHoSoMC", "data": steps});
    server
        .control(
            "/_sandbox/faults",
            &json!({"system": "dvcqg", "operation": "send", "entity": "tien-do", "fault": "stored-then-cut"}),
        )
        .await;
    assert!(server.portal("/dvcqg/mapi/g", &call).await.is_err());
    assert_eq!(server.portal("/dvcqg/mapi/g", &call).await.unwrap()["message"], "");
    // The one portal's faults are not the other's.
    server.control("/_sandbox/faults", &json!({"system": "dvcbtxh", "operation": "send", "fault": "html-200"})).await;
    assert_eq!(server.portal("/dvcqg/mapi/g", &call).await.unwrap()["message"], "");
    assert_eq!(server.portal("/apiBTXH/XuLyHoSo", &step("H20.14-240703-0001")).await.unwrap(), Value::Null);
    for (number, codes) in [("H20.14-240703-0001", ["0", "0"]), ("H20.14-240703-0009", ["7", "7"])] {
        for code in codes {
            let answer = server.portal("/apiBTXH/XuLyHoSo", &step(number)).await.unwrap();
            assert_eq!(answer["error_code"].to_string().trim_matches('"'), code);
        }
    }
    let report = json(server.client.get(server.url("/_sandbox/report")).send().await.unwrap()).await;
    let portals = &report["portals"];
    let counts = |portal: &str| {
        ["dossiers", "steps", "effects", "effects_repeated", "sent_again", "violations"]
            .map(|name| portals[portal][name].as_u64().unwrap())
    };
    assert_eq!((counts("dvcqg"), counts("dvcbtxh")), ([2, 10, 10, 10, 10, 0], [1, 1, 1, 1, 0, 0]), "{report}");
    assert_eq!(portals["dvcqg"]["statuses"], json!({"2": 1, "4": 1}));
    let page = server.client.get(server.url("/_sandbox/dossiers?system=dvcqg&limit=1")).send().await.unwrap();
    let line: Value = serde_json::from_str(page.text().await.unwrap().trim()).unwrap();
    assert_eq!(
        (&line["MaHoSo"], &line["TrangThai"], &line["seeded"]),
        (&json!("H20.14-240703-0001"), &json!("4"), &json!(true))
    );
    assert_eq!((line["steps"].as_array().unwrap().len(), &line["steps"][9]), (10, &json!(["20231218083009", "4"])));
    let next = server.url("/_sandbox/dossiers?system=dvcqg&after=H20.14-240703-0001");
    assert_eq!(server.client.get(next).send().await.unwrap().text().await.unwrap().lines().count(), 1);
    assert_eq!(server.nation.lock().unwrap().dossiers(System::Misposasoft, None, 1), None);
}

#[tokio::test]
async fn soap_goes_through_the_same_door() {
    let server = Server::start().await;
    let ask = |id: &str| {
        server
            .client
            .post(server.url("/xroad"))
            .header("content-type", "text/xml; charset=utf-8")
            .header("soapaction", "\"\"")
            .header("x-road-client", "VN/GOV/0087/GATEWAY")
            .header("x-road-id", format!("0191d0f0-0000-7000-8000-00000000000{id}"))
            .body("<Envelope xmlns=\"http://schemas.xmlsoap.org/soap/envelope/\"><Body><TraCuuGoiTin xmlns=\"\"><MaGoiTin>batch-0001</MaGoiTin></TraCuuGoiTin></Body></Envelope>")
            .send()
    };
    server.send(batch("batch-0001", 2)).await.unwrap();
    let answer = ask("1").await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/xml; charset=utf-8");
    let text = answer.text().await.unwrap();
    assert!(text.contains("<TraCuuGoiTinResponse><error_code>0</error_code>"), "{text}");
    assert_eq!(text.matches("<item>").count(), 2);
    server.control("/_sandbox/faults", &json!({"operation": "ask", "fault": "server-fault"})).await;
    let fault = ask("2").await.unwrap();
    assert_eq!(fault.status(), 500);
    assert!(fault.text().await.unwrap().contains("<faultcode>Server."));
    assert_eq!(server.nation.lock().unwrap().report().violations, 0);
}
