use std::path::{Path, PathBuf};

use super::seed::FirstSeat;
use super::{Failure, output};

/// What the demo says when everything is ready.
pub(super) struct Banner {
    pub(super) site: String,
    pub(super) gateway: String,
    pub(super) status: String,
    pub(super) admin: String,
    pub(super) root_pem: PathBuf,
    pub(super) root_sha256: String,
    pub(super) seat: FirstSeat,
    pub(super) service_url: String,
    pub(super) data_dir: PathBuf,
    pub(super) mail_dir: PathBuf,
    pub(super) smtp: String,
}

impl Banner {
    pub(super) fn print(&self, json: bool) -> Result<(), Failure> {
        let value = serde_json::json!({
            "site": self.site,
            "gateway": self.gateway,
            "console": null,
            "status": self.status,
            "console_link": null,
            "admin": self.admin,
            "root_pem": self.root_pem,
            "root_sha256": self.root_sha256,
            "user_id": self.seat.user_id,
            "password": self.seat.password,
            "service_url": self.service_url,
            "mail_dir": self.mail_dir,
            "smtp": self.smtp,
            "data_dir": self.data_dir,
        });
        output::one(json, &value, &self.table())
    }

    fn table(&self) -> String {
        let app = std::env::current_exe()
            .map(|exe| exe.with_file_name("tegata-app"))
            .unwrap_or_else(|_| "tegata-app".into());
        let data_dir = quoted(&self.data_dir);
        let root = quoted(&self.root_pem);
        format!(
            "
  issuing site       {site}
  protected service  {service}
  status             {status}/crl/SB0001002C.crl
  readiness          {admin}/readyz
  root certificate   {root}
  its SHA-256        {sha256}
  data directory     {data_dir}
  mails              {mail_dir}/*.eml

  user ID            {user_id}
  initial password   {password}

Next, in another terminal, issue a certificate:

  {app} issue --site {site} \\
    --root-sha256 {sha256} \\
    --user {user_id} --password-file {password_file} \\
    --mail you@example.co.jp --store pem:my-certificate

open the protected service with it, then turn it away and see why:

  curl --cacert {root} --cert my-certificate/{user_id}.chain.pem \\
    --key my-certificate/{user_id}.key.pem {service}
  {tegata} certificate revoke {user_id} --dir {data_dir}
  curl --cacert {root} --cert my-certificate/{user_id}.chain.pem \\
    --key my-certificate/{user_id}.key.pem -H 'Accept: application/json' {service}

Ctrl-C ends the demo.
",
            mail_dir = quoted(&self.mail_dir),
            site = self.site,
            service = self.service_url,
            status = self.status,
            admin = self.admin,
            sha256 = self.root_sha256,
            user_id = self.seat.user_id,
            password = self.seat.password,
            password_file = quoted(&self.seat.password_file),
            app = quoted(&app),
            tegata = quoted(&app.with_file_name("tegata")),
        )
    }
}

/// A path as a shell takes it.
fn quoted(path: &Path) -> String {
    let text = path.display().to_string();
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-+@:,".contains(c);
    if text.chars().all(plain) { text } else { format!("'{}'", text.replace('\'', r"'\''")) }
}
