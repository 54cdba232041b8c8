# インストーラー

package-product = 証明書発行アプリケーション（{ $service }）
package-about = { $organisation }の「{ $service }」で使う電子証明書を発行、更新するアプリケーションです。
package-newer = 新しいバージョンがすでにインストールされています。このインストーラーは必要ありません。このまま画面を閉じて、インストール済みのアプリケーションをお使いください。

# 配布サイトでの呼び名
package-for-me = { $platform }（お使いの方だけにインストール、管理者権限は不要）
package-for-all = { $platform }（PCのすべての方にインストール、管理者権限が必要）
package-archive = { $platform }（お使いの方だけにインストール、端末で実行）

# Linuxのinstall.shが表示する文
package-installed = インストールしました。メニューの「{ $product }」から起動できます。
package-removed = アンインストールしました。電子証明書と鍵は、そのまま残してあります。
package-keys-removed = アンインストールしました。このサービスの電子証明書と鍵も削除しました。
package-not-all-removed = アンインストールしました。ただし、上に表示した理由で、削除できずに残っているものがあります。
package-not-there = インストールされていません。
package-no-home = 環境変数HOMEが設定されていません。お使いになる方のユーザーでログインし直してから、もう一度実行してください。
package-usage = 使い方: ./install.sh でインストール、./install.sh --uninstall でアンインストール、./install.sh --uninstall --remove-keys で電子証明書と鍵も削除
