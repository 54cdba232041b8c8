# メールが送られずに残っている理由。運用の担当者が読みます。

outbox-server-unreachable = メールサーバーに接続できません
outbox-server-tls = メールサーバーのTLS証明書を確認できません
outbox-server-password = メールサーバーの利用者名またはパスワードが違います
outbox-server-closed = メールサーバーがこのサーバーからのメールを受け付けません
