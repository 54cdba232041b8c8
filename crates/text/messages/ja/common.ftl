# 共通の語。用語は design の表に従う。
product = Tegata
