"""Texts in many scripts, for tests of tokenizers and models."""

SENTENCES = [
    "Otters sleep on their backs and hold hands, so that they do not drift apart.",
    "Die Fähre nach Öland fährt um 7:45 Uhr ab; Fahrräder kosten 3,50 €.",
    "L'élève a reçu ses résultats à l'école, où il n'était pas né.",
    "El niño comió una manzana en el jardín del señor Núñez.",
    "Il gatto dorme sul tetto della città più antica d'Italia.",
    "Príliš žluťoučký kůň úpěl ďábelské ódy.",
    "Zażółć gęślą jaźń nad Wisłą w środku nocy.",
    "Маленькие выдры спят на спине и держатся за лапы.",
    "Η γρήγορη αλεπού πηδάει πάνω από τον τεμπέλη σκύλο.",
    "القطة نائمة على السطح في المدينة القديمة.",
    "החתול ישן על הגג בעיר העתיקה.",
    "東京は日本の首都であり、世界最大の都市の一つです。",
    "北京是中华人民共和国的首都，历史悠久。",
    "서울은 대한민국의 수도이며 한강이 흐른다.",
    "ภาษาไทยเขียนติดกันโดยไม่เว้นวรรค",
    "दिल्ली भारत की राजधानी है और यमुना के किनारे बसी है।",
    "Con mèo ngủ trên mái nhà ở thành phố cổ Hà Nội.",
    "The committee shall, within thirty days of the notice, decide by simple majority.",
    "def add(a, b):\n    return a + b  # of two numbers\n",
    "Table 3: 0.98 | 0.97 | 1,204.5 | n/a | -17 % | 3.2e-4",
]
PASSAGES = [" ".join([sentence] * times) for times in (1, 5, 40) for sentence in SENTENCES]
QUERIES = [
    *SENTENCES,
    "x",
    "?",
    "otters",
    "how do sea otters sleep",
    "Fähre Öland Abfahrt",
    "首都",
    "выдры",
    "which option controls the width of table columns",
]
