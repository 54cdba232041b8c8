//! Every component on one page: `cargo run -p tegata-look --example gallery en > gallery.html`.

use std::fmt::Write as _;
use std::io::{self, Write as _};

use tegata_look::{Notice, Refusal, Shell, Width, fingerprint_html, icon, page_with, refusal_with};
use tegata_text::Lang;

fn main() -> io::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let lang = arguments.next().as_deref().and_then(Lang::from_tag).unwrap_or_default();
    let shell = Shell {
        lang,
        title: "Gallery",
        organisation: "Sample Bank, Ltd.",
        service: "Sample Lite CMS",
        home: Some("#"),
        switch: Some("?"),
    };
    let help = Some("Sample Lite CMS help desk\nPhone 0120-000-000");
    let html = match arguments.next().as_deref() {
        Some("refusal") => refusal_with(&shell, help, &refusal()),
        _ => page_with(&shell, Width::Wide, help, &gallery(lang)),
    };
    io::stdout().write_all(html.as_bytes())
}

fn refusal() -> Refusal {
    Refusal {
        headline: "No certificate was presented".into(),
        cause: "This service opens only on PCs that hold a certificate.".into(),
        steps: vec![
            "Close every window of the browser and open the service again.".into(),
            "Select the certificate with your user ID when you are asked.".into(),
        ],
        reference: "7K2M-9QXC-04TD".into(),
    }
}

fn gallery(lang: Lang) -> String {
    let mut html = String::from("<h1>Gallery</h1><p class=\"lead\">Every component, once.</p>");
    for notice in Notice::ALL {
        html +=
            &notice.html(lang, "<p>What it means, in one sentence. <a href=\"#\">A link</a></p>");
    }
    html += "<h2>Buttons</h2><p class=\"actions\">";
    for class in ["large", "", "small", "secondary", "danger"] {
        // A String takes everything.
        let _ =
            write!(html, "<button class=\"button {class}\">{}Button {class}</button>", icon::ISSUE);
    }
    html += "</p><h2>Facts</h2><dl class=\"facts\"><div><dt>Fingerprint</dt><dd>";
    html += &fingerprint_html(&[0xA5; 32]);
    html += "</dd></div><div><dt>Reference</dt><dd><code class=\"reference\">7K2M-9QXC</code></dd></div></dl>";
    html += FORM;
    html += TABLE;
    html
}

const FORM: &str = r#"<h2>Form</h2><form>
<div class="field"><label for="user">User ID<span class="required">Required</span></label>
<p class="help" id="user-help">For example CMSM950-006-401</p>
<input id="user" size="20" autocomplete="off" aria-describedby="user-help"></div>
<div class="field"><label for="mail">E-mail<span class="required">Required</span></label>
<p class="error" id="mail-error">Please enter an e-mail address.</p>
<input id="mail" type="email" size="40" aria-invalid="true" aria-describedby="mail-error"></div>
<div class="field"><label for="reason">Reason</label><select id="reason"><option>Key compromise</option></select></div>
<fieldset class="field"><legend>Branches</legend>
<label class="tick"><input type="checkbox" checked> 950 Head office</label>
<label class="tick"><input type="radio"> Another</label></fieldset>
<p class="actions"><button class="button">Register</button> <a class="button secondary" href="">Cancel</a></p></form>"#;

const TABLE: &str = r#"<h2>Table</h2><div class="table"><table><caption>Seats</caption>
<thead><tr><th scope="col">User ID</th><th scope="col">State</th><th scope="col">Expires</th></tr></thead>
<tbody><tr><td>CMSM950-006-401</td><td><span class="badge good">Live</span></td><td>16 Feb 2027</td></tr>
<tr><td>CMSM950-006-402</td><td><span class="badge warn">Held</span></td><td>16 Feb 2027</td></tr>
<tr><td>CMSM950-006-403</td><td><span class="badge bad">Revoked</span></td><td>16 Feb 2027</td></tr></tbody></table></div>
<details open><summary>More</summary><pre><code>tegata-app issue --site https://cert.example.jp/</code></pre></details>"#;
