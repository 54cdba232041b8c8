# 共通の語。用語は design の表に従う。
product = Tegata

# 全ページ共通
language-name = 日本語
skip-to-content = 本文へ進む
contact-heading = お問い合わせ先

# お知らせの種類（色だけに頼らないための語）
notice-info = お知らせ
notice-success = 完了しました
notice-warning = ご注意ください
notice-error = エラーが発生しました

# お断りの画面
refusal-label = ご利用いただけませんでした
refusal-next-steps = 次にしていただくこと
support-reference = お問い合わせ番号
support-reference-hint = お問い合わせの際は、この番号をお知らせください。
