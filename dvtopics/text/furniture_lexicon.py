"""Phrases of page furniture, written without diacritics and in lower case.

Phrases are compared with a line's bare form (see :func:`furniture_lines.bare`), so one entry
serves pages with diacritics, pages without, and both ways of placing a tone mark. A phrase alone
decides nothing about a long line: what counts is whether phrases cover the *whole* line.
"""

from __future__ import annotations

from functools import cache


def _phrases(block: str) -> list[str]:
    return [" ".join(p.split()) for line in block.strip().splitlines() for p in line.split("|")]


def _words(block: str) -> frozenset[str]:
    return frozenset(block.split())


# Date, view, print, share and reading widgets: furniture wherever they stand.
META = """
thu hai|thu ba|thu tu|thu nam|thu sau|thu bay|chu nhat|thu 2|thu 3|thu 4|thu 5|thu 6|thu 7
monday|tuesday|wednesday|thursday|friday|saturday|sunday|hom nay|hom qua
am|pm|sa|ch|gmt|gmt 7|gmt 0700|utc|utc 7|gio|luc|vao luc|phut truoc|gio truoc|ngay truoc|tuan truoc
ngay|thang|nam|ngay dang|ngay tao|ngay viet|ngay cap nhat|ngay xuat ban|ngay dang tin|ngay gui
cap nhat|cap nhat luc|cap nhat ngay|cap nhat lan cuoi|cap nhat luc ngay|cap nhat cuoi|cap nhat moi
lan cap nhat|lan cap nhat cuoi|da cap nhat|duoc cap nhat|updated|last updated|posted|posted on
dang luc|dang ngay|da dang|duoc dang|dang tai luc|dang tin luc|dang vao|xuat ban|xuat ban luc
thoi gian dang|thoi gian|gui luc|dua tin luc|da dua luc|ngay dua tin|dang boi|nguoi dang|admin
administrator|quan tri|quan tri vien|webmaster|editor|bien tap vien
luot xem|so luot xem|so lan xem|luot doc|so luot doc|da xem|xem|luot|lan xem|lan doc|view|views
nguoi xem|nguoi doc|da doc|luot truy cap|so lan doc|xem bai viet|hits|hit|luot nghe|luot tai
so lan duoc xem|duoc xem|luot thich|luot chia se|phut doc|thoi gian doc|doc trong|likes
co chu|xem voi co chu|doi co chu|kich thuoc chu|kich co chu|co chu a|font size|font|chu nho
chu to|chu lon|chu binh thuong|tang co chu|giam co chu|phong to|thu nho|tang giam co chu|mac dinh
tuong phan|do tuong phan|che do tuong phan|che do xem|ma qr|quet ma qr
tuong phan cao|a|a a|a a a|aa|dark mode|che do toi
giao dien toi|mau chu|chon mau chu|chon co chu|che do ban dem|mau nen|xem co chu|kieu chu|gian dong|in dam|co chu lon|co chu nho
in|in trang|in bai|in bai viet|in tin|in bai nay|in trang nay|in an|ban in|phien ban in|xem ban in
xem de in|print|print page|in noi dung|in tin bai|ban de in|luu bai|luu bai viet|luu tin|luu lai
luu|bookmark|save|pdf|tai pdf|xuat pdf|tai ve pdf|luu file|luu trang|sao chep lien ket|copy link
sao chep|copy|da sao chep|sao chep duong dan|link bai viet|copy url
gui mail|gui email|gui qua email|email|e mail|mail|gui bai|gui bai viet|gui bai viet nay|goi mail
gui tin|gui tin nay|gui cho ban be|gui ban be|gui toi ban be|gui bai cho ban be|gui cho ban
gui tin qua email|gui bai viet qua email|gui cho nguoi khac|gui lien ket|gui tin cho ban be
gui bai viet cho ban be|gui tin nay cho ban be|gui toi ban|gioi thieu cho ban be|gui link
chia se|chia se bai viet|chia se tin|chia se len|chia se qua|chia se facebook|chia se tren
chia se bai viet nay|chia se tin nay|chia se mang xa hoi|chia se noi dung|chia se ngay|share
share on|share this|chia se len facebook|chia se qua facebook|chia se zalo|chia se len zalo
chia se qua zalo|facebook|twitter|zalo|google|google plus|linkedin|pinterest|instagram|tiktok
telegram|messenger|viber|youtube|tweet|like|thich|facebook twitter|linkhay|zing me|print email
google bookmarks|yahoo|digg|delicious|bluesky|threads|whatsapp|reddit|x|skype|fanpage|g
theo doi|theo doi tren|theo doi chung toi|theo doi chung toi tren|theo doi tren google news
google news|theo doi bao tren|follow|follow us|quan tam|theo doi kenh|rss
doc bai viet|nghe doc bai|nghe bai viet|nghe tin|doc bai|doc tin|nghe audio|nghe doc bai viet
nghe noi dung bai viet|nghe noi dung|giong doc|giong nam|giong nu|giong nam mien bac|mien bac
giong nu mien bac|mien nam|giong mien nam|giong mien bac|toc do doc|toc do|phat|tam dung|dung
0 5x|0 75x|1x|1 0x|1 25x|1 5x|1 75x|2x|2 0x
nghe|dung doc|doc tiep|bat dau doc|doc noi dung|audio|ho tro doc|doc thanh tieng|nghe bao noi
nu mien bac|nam mien bac|nu mien nam|nam mien nam|nu mien trung|dang tai|loading|play|pause|mute
your browser does not support the audio element|trinh duyet khong ho tro audio|bai viet
trinh duyet cua ban khong ho tro audio|trinh duyet khong ho tro phat am thanh|am luong
ve dau trang|len dau trang|dau trang|ve trang truoc|trang truoc|tro ve|tro lai|quay lai|back
quay ve|top|back to top|quay lai trang truoc|tro ve trang truoc|ve trang chu|tro ve dau trang
dong|dong lai|close|quay lai dau trang|tro lai trang truoc|len tren|cuon len dau trang|mo rong
thu gon|an hien|hien thi|go to top|scroll to top|prev|previous|next|truoc|sau|trang sau|trang tiep
trang dau|trang cuoi|tiep theo|trang|quang cao|advertisement|ads|thich bai viet|bao loi
bao loi bai viet|bao cao bai viet|gop y bai viet|yeu thich|hay|menu|toggle navigation|skip to content
bo qua noi dung|chuyen den noi dung chinh|skip to main content|ngon ngu|tieng viet|english|tieng anh
vietnamese|vi|en|vn|vie|eng|chinese|tieng trung|tim kiem|tim|search|tim kiem nang cao|phut
doc tiep|xem them|xem tat ca|xem chi tiet|chi tiet|tat ca|xem tiep|xem toan bo|xem|xem day du
doc them|tac gia|zoom|original|nguyen ban|xem anh lon|xem anh|click de xem anh lon|anh 1 1
nhap chuot vao anh de xem co lon|phong to anh|toan man hinh|tai ve|tai xuong|download|xem file
chon giong doc|chon giong|thay doi giong doc|nghe doc|nghe bao|doi giong doc|nghe podcast
reading time|read time|estimated reading time|min read|minute read|minutes read|mins read|minutes
minute|mins|min|thoi gian doc bai|thoi gian doc uoc tinh|doc trong khoang|doc khoang|phut de doc
words|so tu|so chu|posted by|published|published on|created|last modified|modified|by|views count
luot comment|binh luan|comment|comments|so binh luan|pin|send|send email|mail this|copied
con hieu luc|het hieu luc|het hieu luc mot phan|het hieu luc toan bo|chua co hieu luc
xem nhanh|in van ban|tai van ban|xem van ban|xem truoc|tai xuong van ban|van ban goc|toan van
tai van ban tai day|tai tai day|tai file|tai file dinh kem|tai ban goc|ban goc|lich su van ban
luoc do|van ban pdf|listen|listen to article|listen to this article|speed|volume|share article
bam de nghe|nghe ngay|nghe lai|thoi luong|binh chon|thich 0|theo doi tin tuc tren|hotline
"""  # noqa: E501

# Navigation. Weak: such words may also be a heading of the article.
MENU = """
trang chu|trang chinh|home|home page|homepage|gioi thieu|gioi thieu chung|tin tuc|tin tuc su kien
tin tuc va su kien|su kien|tin trong nuoc|tin quoc te|tin the gioi|tin trong tinh|tin dia phuong
tin tong hop|tin hoat dong|tin tuc hoat dong|tin noi bo|tin co so|tin trong nganh|tin nganh
thoi su|chinh tri|thoi su chinh tri|kinh te|xa hoi|van hoa|van hoa xa hoi|the thao|giao duc|y te
phap luat|quoc te|the gioi|doi song|khoa hoc|cong nghe|khoa hoc cong nghe|quoc phong|an ninh
quoc phong an ninh|an ninh quoc phong|du lich|giai tri|ban doc|phong su|phong su anh|media
multimedia|podcast|emagazine|e magazine|infographic|infographics|video|videos|video clip|clip
thu vien|thu vien anh|thu vien video|thu vien van ban|thu vien tai lieu|hinh anh|hinh anh video
album|album anh|phong su truyen hinh|truyen hinh|phat thanh|truyen hinh truc tuyen|longform|anh
van ban|van ban phap luat|van ban phap quy|he thong van ban|van ban chi dao|van ban dieu hanh
van ban chi dao dieu hanh|van ban moi|van ban cua dang|van ban dang|van ban quy pham phap luat
tai lieu|tai lieu tuyen truyen|tai lieu hoc tap|bieu mau|thong bao|lich cong tac|lich lam viec
lich tiep cong dan|lich tiep dan|tiep cong dan|hoi dap|hoi dap phap luat|gop y|y kien gop y
lien he|lien he gop y|lien he quang cao|lien he toa soan|so do cong|so do trang|so do site|so do
sitemap|site map|so do website|dang nhap|dang ky|dang xuat|login|register|logout|tai khoan|thanh vien
thu dien tu|hop thu|hop thu dien tu|hop thu gop y|email cong vu|mail cong vu|dich vu cong
dich vu cong truc tuyen|thu tuc hanh chinh|bo thu tuc hanh chinh|cong khai|cong khai ngan sach
cong khai thong tin|dieu hanh|thong tin dieu hanh|chi dao dieu hanh|thong tin chi dao dieu hanh
co cau to chuc|to chuc bo may|bo may to chuc|chuc nang nhiem vu|chuc nang|nhiem vu|danh ba
danh ba dien thoai|lanh dao|thong tin lanh dao|lich su|lich su hinh thanh|xay dung dang
cong tac xay dung dang|cong tac dang|tin tuc dang|dan van|cong tac dan van|dan van kheo
dan van chinh quyen|mat tran|mat tran doan the|doan the|mat tran va doan the|dan toc ton giao
dan toc|ton giao|quy che dan chu|quy che dan chu o co so|dan chu co so|dan chu o co so
tuyen giao|to chuc|kiem tra giam sat|noi chinh|van phong|tuoi tre|phu nu|cong doan|nong dan
cuu chien binh|nghien cuu trao doi|trao doi|dien dan|trao doi kinh nghiem|guong dien hinh
dien hinh tien tien|nguoi tot viec tot|hoc tap va lam theo bac|hoc va lam theo bac|chuyen de
chuyen muc|danh muc|chuyen trang|dac san|tap chi|an pham|ban tin|ban tin noi bo|bao in|doc bao in
cai cach hanh chinh|chuyen doi so|quy hoach|quy hoach ke hoach|dau tu|doanh nghiep|du an|ngan sach
dau thau|dau thau mua sam cong|moi truong|nong nghiep|nong thon moi|lao dong|viec lam|tuyen dung
tuyen sinh|cong dan|nguoi dan|nha nuoc|khach du lich|bien gioi|bien dao|bien gioi bien dao
thong tin|thong tin tuyen truyen|thong tin tong hop|thong tin can biet|thong tin doi ngoai
thong tin chung|tu lieu|ho so|ho so tu lieu|tu lieu van kien|van kien|van kien dang
nghi quyet|nghi quyet va cuoc song|dua nghi quyet vao cuoc song|bao ve nen tang tu tuong cua dang
hoc tap va lam theo tu tuong dao duc phong cach ho chi minh|tin anh|tin video|ho tro|faq|faqs
huong dan su dung|thong ke|cong thanh phan|cac don vi|don vi truc thuoc|lien ket|dien thoai
tin moi|tin noi bat|tin hot|sach hay|goc nhin|binh luan quoc te|suc khoe|nhip song|tin bai
xay dung chinh quyen|hoat dong|tin hoat dong cua ban|tin tuc chung|hoat dong cua ban|cac ban dang
mat tran to quoc|xa hoi hoa|chinh sach|chinh sach phap luat|xay dung|quy dinh|trang thong tin
hoat dong cua lanh dao|ban do|ban do hanh chinh|he thong chinh tri|dat va nguoi|que huong
"""  # noqa: E501

# Headings of blocks beside the article: what follows hangs on them.
SIDE = """
lien ket|lien ket website|lien ket web|lien ket trang|lien ket ngoai|website lien ket|web lien ket
lien ket nhanh|cac lien ket|lien ket site|lien ket cac website|lien ket huu ich|cac trang lien ket
trang lien ket|cac website lien ket|chon lien ket|weblink|weblinks|lien ket cac trang thanh vien
lien ket cac don vi|chon website|chon trang lien ket|lua chon lien ket|lien ket chuyen muc
thong ke truy cap|thong ke|luot truy cap|so luot truy cap|so nguoi truy cap|bo dem|bo dem truy cap
tong truy cap|tong luot truy cap|thong tin truy cap|truy cap|luong truy cap|khach truy cap
dang online|dang truy cap|nguoi online|so nguoi online|dang truc tuyen|khach online
thoi tiet|du bao thoi tiet|thoi tiet hom nay|ty gia|ti gia|ty gia ngoai te|ti gia ngoai te
gia vang|ty gia gia vang|gia vang ty gia|thoi tiet ty gia|chung khoan|thoi tiet gia vang|ket qua xo so
ty gia hoi doai|ti gia hoi doai|lich phat song|lich phat song truyen hinh|xo so|thong tin tien ich
tien ich|tham do y kien|tham do|binh chon|y kien ban doc|khao sat|khao sat y kien|lay y kien
danh gia cong thong tin|ket qua tham do|trung cau y kien|tham do du luan|bo phieu|bieu quyet
thu vien anh|thu vien video|thu vien hinh anh|thu vien media|video clip|video clip noi bat|video
video noi bat|video moi|video moi nhat|video hot|videos|album anh|hinh anh hoat dong|phong su anh
hinh anh noi bat|anh dep|hinh anh|thu vien|thu vien da phuong tien|hinh anh video|album|clip
clip noi bat|video xem nhieu|anh noi bat|audio video|da phuong tien|anh hoat dong|media|podcast
phong su truyen hinh|video khac|cac video khac|anh khac|album khac|truyen hinh|phat thanh
van ban moi|van ban moi nhat|van ban moi ban hanh|van ban chi dao dieu hanh moi|van ban phap luat moi
van ban noi bat|van ban chi dao|thong bao moi|thong tin can biet|lich cong tac tuan|lich lam viec tuan
danh muc|chuyen muc|chuyen muc khac|cac chuyen muc|danh muc tin|danh muc chinh|cac chuyen muc khac
chuyen muc tin tuc|bai viet theo chuyen muc|luu tru|archive|archives|categories|recent posts
duong day nong|so dien thoai duong day nong|hotline|dien thoai duong day nong|quang cao lien he
dang ky nhan tin|nhan tin qua email|dang ky nhan ban tin|newsletter|dang nhap|tai khoan
sach noi|bao in|doc bao in|bao giay|an pham|cac an pham|so moi nhat|dac san
mang xa hoi|ket noi voi chung toi|theo doi chung toi|fanpage|kenh youtube|tai ung dung|ung dung
tim kiem|tim kiem tin tuc|tim kiem thong tin|tim tin theo ngay|xem theo ngay|xem tin theo ngay
tin theo ngay|xem tin ngay|tim kiem theo ngay|chon ngay|lich|loc tin|tra cuu|tra cuu thong tin
quang cao doanh nghiep|rao vat|thong tin quang cao|doanh nghiep can biet|ban can biet
tep dinh kem|file dinh kem|van ban dinh kem|tai lieu dinh kem|tap tin dinh kem|tep tin dinh kem
co the ban quan tam|ban co the quan tam|co the ban thich|ban quan tam|danh cho ban
co the ban chua doc|ban nen doc|nen doc|dung bo lo|doc them|xem them|doc tiep|doc nhieu
xem nhieu|doc nhieu nhat|xem nhieu nhat|moi nhat|moi cap nhat|nong nhat|noi bat|tieu diem
noi bat nhat|quan tam nhat|duoc quan tam|nhieu nguoi doc|tin nong|diem nong|lien quan|cung chuyen muc
cung chu de|cung su kien|cung tac gia|theo dong su kien|dong su kien|chu de lien quan|tu khoa lien quan
related|related posts|related articles|related news|you may also like|read more|bai lien quan
chu de hot|chu de nong|su kien noi bat|su kien nong|tin moi|chu de|tin hot|su kien hot|tin doc nhieu
most read|latest news|top news|bai moi|bai hay|muc khac|cac muc khac|bai truoc|bai sau|bai tiep theo
bai viet truoc|bai viet sau|bai ke tiep|bai viet ke tiep|tin ke tiep|tin truoc|tin sau|tin tiep
tin tiep theo|tin truoc do|xem tiep|tin cu|tin truoc day|trang tin lien quan|tin vua dang
tin tuc moi|nhieu nguoi quan tam|duoc quan tam nhat|thong tin khac|thong tin lien quan
trich dan bai viet|cach trich dan|trich dan|cite this article|how to cite|citation|cite as
thong tin bai viet|thong tin xuat ban|article info|article information|bai cung so|so tap chi
trong so nay|bai trong so|tro ly ao|chatbot|cau hoi khac|cau hoi lien quan|cau hoi thuong gap
recommended|recommended for you|more news|other news|more stories|latest|popular|trending|most viewed
most popular|see also|in this section|quick links|useful links|news archive|anh khac|subscribe
subscribe to our newsletter|attachments|attachment|tai lieu lien quan|van ban cung linh vuc
chuyen muc khac cua bao|goi y cho ban|danh rieng cho ban|tin khuyen doc|bai duoc quan tam
"""  # noqa: E501

COMMENT = """
binh luan|y kien|y kien ban doc|y kien phan hoi|phan hoi|gui phan hoi|y kien binh luan|comment
comments|leave a reply|leave a comment|viet binh luan|gui binh luan|them binh luan|dang binh luan
viet phan hoi|gui y kien|gui y kien cua ban|y kien cua ban|binh luan cua ban|binh luan bai viet
thong tin nguoi gui phan hoi|thong tin nguoi gui|noi dung phan hoi|noi dung binh luan|add comment
danh gia bai viet|danh gia|danh gia tin|danh gia noi dung|xep hang bai viet|binh chon bai viet
ban danh gia the nao ve bai viet nay|ban thay bai viet nay the nao|cho diem bai viet
tong so diem|tong so diem cua bai viet la|click de danh gia bai viet|nhap vao de danh gia bai viet
gui binh luan cua ban|y kien nguoi doc|y kien doc gia|doc gia binh luan|binh luan facebook
tra loi|huy|huy tra loi|gop y|gop y kien|viet y kien|gui cau hoi|dat cau hoi|viet tra loi|gui nhan xet|nhan xet
hay dang nhap de binh luan|dang nhap de binh luan|dang nhap de gui binh luan|danh gia cua ban
chua co binh luan|chua co binh luan nao|chua co y kien nao|hien chua co binh luan nao
hay la nguoi dau tien binh luan|cam on ban da gui binh luan|y kien thao luan|thao luan
binh luan moi nhat|binh luan hay nhat|moi nhat cu nhat|quan tam nhat moi nhat|xem them binh luan
cac y kien|cac y kien moi nhat|cac y kien phan hoi|cac binh luan|y kien dong gop|gui gop y
email cua ban se khong duoc hien thi cong khai|ma bao mat|ma xac nhan|ma an toan|captcha
nhap ma xac nhan|ma kiem tra|nhap ma bao mat|ho va ten|ho ten|ten cua ban|ho ten cua ban
email cua ban|dia chi email|noi dung|tieu de|gui|gui di|nhap lai|lam lai|gui thong tin
ten nguoi gui|email nguoi gui|email nguoi nhan|ten nguoi nhan|loi nhan|gui email cho ban be
xac nhan|ma xac thuc|dien thoai cua ban|nguoi gui|nguoi nhan|so ky tu con lai|ky tu
luu ten cua toi|ten hien thi|rat tot|tot|trung binh|kem|binh thuong|rat hai long|hai long
share your feedback|feedback|send feedback|give feedback|your feedback|rate this article
rate this page|report a problem|report this page|y kien cua ban ve bai viet nay|phan hoi bai viet
phan hoi ve bai viet|phan hoi ve bai viet nay|danh gia bai viet nay|danh gia trang nay
danh gia cau tra loi|muc do hai long|leave a review|post comment|submit|submit comment
khong hai long|khong co binh luan|xem ket qua|bieu quyet
"""  # noqa: E501

# Fields and buttons of forms which an article may also use as headings.
WEAK_FORM = frozenset(
    (
        "tra loi", "noi dung", "tieu de", "gui", "gui di", "ho va ten", "ho ten", "tot", "rat tot",
        "trung binh", "kem", "binh thuong", "hai long", "rat hai long", "khong hai long", "y kien",
        "gop y", "y kien gop y", "thao luan", "nhan xet", "danh gia", "huy", "y kien nguoi dan",
        "xac nhan", "thong ke", "chuyen de", "thong tin", "nguoi nhan", "nguoi gui", "hoi", "dap",
        "lich", "tra cuu", "tieu diem", "y kien thao luan", "y kien dong gop", "cac y kien",
        "khao sat", "bo phieu", "truy cap", "lien he", "ket noi",
    )
)  # fmt: skip

# Words that make up names of authorities, papers and sites (bare).
ORG_WORDS = _words("""
ban dan van tinh uy huyen thanh thi xa phuong pho nhan hoi dong tran to quoc viet nam mat cong
thong tin dien tu trang cua bao tap chi dai phat truyen hinh so bo chinh quyen phu trung uong
dang nganh cac co quan khoi doanh nghiep lien doan lao nu nong cuu chien binh nien san ho minh
va tuyen giao chuc noi vu phap tai nguyen moi truong phong hdnd ubnd mttq tw t website site
thuc tieng ngon luan thuong truc ly nha nuoc hoa chu nghia doc lap do hanh phuc portal vn gov
tra y te duc dao tao ke hoach dau khoa hoc nghe trong tren dia
""")
SURNAMES = _words("""
nguyễn trần lê phạm hoàng huỳnh phan vũ võ đặng bùi đỗ hồ ngô dương lý đinh trương lương đào đoàn
hà mai tô trịnh lâm cao chu lưu tạ quách vương nông lò giang thái kiều mã hứa vi lục đàm triệu tống
phùng nghiêm tôn mạc khổng bế lều cù vi ninh bạch thạch
""")
# What stands below a teaser.
MORE = frozenset(
    ("chi tiet", "xem chi tiet", "xem tiep", "doc tiep", "xem them", "doc them", "read more",
     "more", "xem", "xem toan bo", "continue reading", "details", "view more", "xem bai viet")
)  # fmt: skip
# First words of other names and of forms of address: no byline starts so.
NOT_NAMES = _words("""
ông bà đồng cụ
ấp thôn xóm bản buôn làng khóm xã phường huyện quận tỉnh đường phố chợ sông cụm nhà trạm khu sở đội
""")
ORG_STARTS = (
    "cong thong tin", "trang thong tin", "trang tin", "bao dien tu", "website", "ban dan van",
    "uy ban nhan dan", "ubnd", "so ", "tinh uy", "huyen uy", "thanh uy", "thi uy", "dang uy",
    "dang bo", "uy ban mat tran", "uy ban mttq", "mat tran to quoc", "hoi ", "lien doan",
    "tap chi", "dai phat thanh", "hoi dong nhan dan", "hdnd", "co quan", "tieng noi", "bo ",
    "dang cong san", "bao ", "ban tuyen giao", "ban to chuc", "cong doan", "phong ", "ban ",
    "van phong", "chinh phu", "tinh doan", "thanh doan", "trung uong", "phuong ", "xa ", "tinh ",
    "huyen ", "thanh pho ", "thi xa ", "thi tran ",
)  # fmt: skip


@cache
def phrase_kinds() -> dict[str, str]:
    """Bare phrase -> kind. Where lists share a phrase, the later one here wins."""
    table: dict[str, str] = {}
    for kind, block in (("menu", MENU), ("meta", META), ("side", SIDE), ("comment", COMMENT)):
        table.update(dict.fromkeys(_phrases(block), kind))
    return table


class PhraseTree(dict[str, "PhraseTree"]):
    """Phrases by their words; `kind`: of the phrase that ends here, "" where none does."""

    __slots__ = ("kind",)

    def __init__(self) -> None:
        super().__init__()
        self.kind = ""


@cache
def cover_phrases() -> PhraseTree:
    """Phrases used to test whether a whole line is made of furniture; meta wins over menu."""
    root = PhraseTree()
    for kind, block in (("side", SIDE), ("comment", COMMENT), ("menu", MENU), ("meta", META)):
        for phrase in _phrases(block):
            node = root
            for word in phrase.split():
                node = node.setdefault(word, PhraseTree())
            node.kind = kind
    return root
