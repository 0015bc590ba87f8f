/* hook_docs.c - functions that make or keep rows (process_docs), as formulas (hook_formula.h). */
#include "hook_table.h"

/* Formulas that several functions are. */
static const char arabic_mmlu[] =
    "{% set letters = 'ABCDE' %}{% set out = [] %}{% set n = namespace(on=true) %}{% for l in letters %}"
    "{% set n.on = n.on and doc['options'].get(l) is not none %}{% if n.on %}{% set _ = "
    "out.append(fill(text[22], alpa=const['alpa_ar'], i=loop.index0, opt=l)) %}{% endif %}{% endfor %}{% "
    "set meta = const['subject_ar'][doc['Subject']] + (' ' + const['level_ar'][doc['Level']] if "
    "doc['Level'] else '') + (' ' + const['country_ar'][doc['Country']] if doc['Country'] else '') %}{{ "
    "{'prompt': fill(text[1], PROMPT=text[0]).replace(text[24], meta).replace(text[25], fill(text[12]) "
    "if doc['context'] else doc['question']).replace(text[26], '\\n'.join(out)), 'choices': "
    "const['all_choices'][:out|length], 'target': letters.index(doc['Answer Key'])} }}";
static const char truthfulqa_answers[] =
    "{% set right = [] %}{% for a in doc['correct_answers'] if a.strip() %}{% set a = a.strip() %}{% set "
    "_ = right.append(a if a.endswith('.') else a + '.') %}{% endfor %}{% set wrong = [] %}{% for a in "
    "doc['incorrect_answers'] if a.strip() %}{% set a = a.strip() %}{% set _ = wrong.append(a if "
    "a.endswith('.') else a + '.') %}{% endfor %}{% if text[4] not in right %}{% set _ = "
    "right.append(text[4]) %}{% endif %}{{ {'question': doc['question'].strip(), 'correct_answers': "
    "right, 'incorrect_answers': wrong} }}";
static const char paws[] =
    "{% macro detok(s) %}{{ s.replace(\" n't\", \"n't\").replace(\" )\", \")\").replace(\"( \", "
    "\"(\").replace('\" ', '\"').replace(' \"', '\"')|regex_replace(\" (['.,])\", \"\\\\1\") }}{% endmacro %}"
    "{% set out = namespace(row=false) %}{% if doc['sentence1'] not in [none, ''] and doc['sentence2'] "
    "not in [none, ''] %}{% set p, h = detok(doc['sentence1']).strip(), detok(doc['sentence2']).strip() "
    "%}{% set out.row = {'sentence1': p[:-1] if p[-1:] in ['.', ',', ';'] else p, 'sentence2': "
    "h[0].lower() + h[1:]} %}{% endif %}{{ out.row }}";
static const char copa[] =
    "{{ {'choice1': doc['choice1'][0].lower() + doc['choice1'][1:], 'choice2': doc['choice2'][0].lower() "
    "+ doc['choice2'][1:]} }}";
static const char summaries[] =
    "{{ {'text': doc['text']|regex_replace(' +', ' '), 'summary': doc['summary']|regex_replace(' +', ' "
    "')} }}";
static const char tydiqa[] =
    "{{ {'answers': doc['answers']['text']} if doc['id'].startswith(text[0] + '-') else false }}";

const struct hook_row hook_docs[] = {
    {.sha256 = "8eeaec091e774850d3e763fdc8ef43494edcc57305c848cbf3ea9c520b1b95ae", .kind = HOOK_ROW,
     .what = "mlqa/utils.process_docs", .formula =
     "{{ {'answers': doc['answers']['text']} }}"},
    {.sha256 = "5dbdec90f521f2af12bdcc966f8eaace878ca2f24a6ae03ba7c29f2941297fa5", .kind = HOOK_ROW,
     .what = "aradice/ArabicMMLU/EGY/utils.process_docs", .formula = arabic_mmlu},
    {.sha256 = "49b0d26c341992a1b73c6e307e88761821f01e333e7f9a73a6b2e4799bdc9537", .kind = HOOK_ROW,
     .what = "aradice/ArabicMMLU/LEV/utils.process_docs", .formula = arabic_mmlu},
    {.sha256 = "3baeaa8a319c03314e4b2f1e9481edaec19eb16944b5bf939d689036e79b1247", .kind = HOOK_ROW,
     .what = "arabic_leaderboard_complete/arabic_leaderboard_alghafa/utils.process_docs", .formula =
     "{% set out = [] %}{% for k, v in doc.items() if k not in ['query', 'label', '__few_shots'] %}{% set "
     "_ = out.append(v) %}{% endfor %}{% set n = namespace(s=fill(text[6], instruction=text[5], "
     "question=doc['query'])) %}{% for c in out %}{% set n.s = n.s + fill(text[7], index=loop.index0, "
     "choice=c) %}{% endfor %}{{ {'query': n.s + text[8], 'choices': out, 'gold': int(doc['label'])} }}"},
    {.sha256 = "420613e71c323c1ed3d95b6f02f7b96480bdeb827f2b953d82f65bddba49b981", .kind = HOOK_ROW,
     .what = "arithmetic/utils.process_docs", .formula =
     "{{ {'context': doc['context'].strip().replace('\\n\\n', '\\n').replace(text[4], "
     "text[5]).replace(text[6], text[7])} }}"},
    {.sha256 = "77eb65d120f89f61c495b07dad5a3287c8ec709424f0089a6e9a08c244ee58d5", .kind = HOOK_ROW,
     .what = "noreval/noropenbookqa/utils.filter_dataset", .formula =
     "{{ doc['fact']|length > 0 }}"},
    {.sha256 = "4da360116e6698683b71d5b654d6a393e98c1ce058b8564dc31ebd6ee68d4a5b", .kind = HOOK_ROW,
     .what = "noreval/nortruthfulqa/generation/utils.process_docs", .formula =
     "{% set right = [] %}{% for a in doc['correct_answers'] if a.strip() %}{% set a = a.strip() %}{% set "
     "_ = right.append(a if a.endswith('.') else a + '.') %}{% endfor %}{% set wrong = [] %}{% for a in "
     "doc['incorrect_answers'] if a.strip() %}{% set a = a.strip() %}{% set _ = wrong.append(a if "
     "a.endswith('.') else a + '.') %}{% endfor %}{{ {'question': doc['question'].strip(), "
     "'correct_answers': right, 'incorrect_answers': wrong} }}"},
    {.sha256 = "b8897d430ba733a17ce40206aad2423ad77001c6e57ae07de786db5cdf0624c2", .kind = HOOK_ROW,
     .what = "truthfulqa/utils.process_docs_gen", .formula = truthfulqa_answers},
    {.sha256 = "adc701b7382eb98cba72b9fb2b42274215d1b52a71d42775af250a914a677211", .kind = HOOK_ROW,
     .what = "catalan_bench/truthfulqa_va/utils.process_docs_gen", .formula = truthfulqa_answers},
    {.sha256 = "256b7a5b4e0a2ba88e93e40ae80acd27e62f3d4a7bab9b94d6a83d483c41c939", .kind = HOOK_ROW,
     .what = "aradice/cultural-benchmark/utils.process_docs", .formula =
     "{{ {'choices': [doc['Option A'], doc['Option B'], doc['Option C']]} }}"},
    {.sha256 = "2dc69a04e88d244525d836a0848ce59b8533d8abed20e3fd69f93839b8d477ca", .kind = HOOK_ROW,
     .what = "csatqa/utils.process_docs", .formula =
     "{{ {'question': fill(text[0]), 'choices': text[3:8], 'gold': int(doc['gold']) - 1} }}"},
    {.sha256 = "a02da93d241f7f365c4c12a5a004e8143c0872b99ca63f5652f33c766430198b", .kind = HOOK_ROW,
     .what = "noreval/norquad/utils.process_docs", .formula =
     "{% set lines = doc['context'].strip().split('\\n') %}{{ {'title': lines[0].strip(), 'passage': "
     "'\\n'.join(lines[1:]).strip(), 'question': ' '.join(doc['question'].split())} }}"},
    {.sha256 = "f4c0c21a62b03117e3eb73a7635a85427591ecaae1edac1d95a29cb4ed5d14a5", .kind = HOOK_ROW,
     .what = "catalan_bench/utils.process_doc_nli", .formula =
     "{% macro detok(s) %}{{ s.replace(\" n't\", \"n't\").replace(\" )\", \")\").replace(\"( \", "
     "\"(\").replace('\" ', '\"').replace(' \"', '\"')|regex_replace(\" (['.,])\", \"\\\\1\") }}{% endmacro %}"
     "{% set p, h = detok(doc['premise']).strip(), detok(doc['hypothesis']).strip() %}{% set h = "
     "h[0].lower() + h[1:] %}{{ {'premise': p[:-1] if p[-1:] in ['.', ',', '!', '?'] else p, "
     "'hypothesis': h if h.endswith('.') else h + '.'} }}"},
    {.sha256 = "a0b542ec6c958721bc1734d56575518a5a59ae6ba740d9da7ae2d4ef4d23272f", .kind = HOOK_ROW,
     .what = "galician_bench/utils.process_doc_nli", .formula =
     "{% macro detok(s) %}{{ s.replace(\" n't\", \"n't\").replace(\" )\", \")\").replace(\"( \", "
     "\"(\").replace('\" ', '\"').replace(' \"', '\"')|regex_replace(\" (['.,])\", \"\\\\1\") }}{% endmacro %}"
     "{% set p, h = detok(doc['sentence1']).strip(), detok(doc['sentence2']).strip() %}{% set h = "
     "h[0].lower() + h[1:] %}{{ {'sentence1': p[:-1] if p[-1:] in ['.', ',', '!', '?'] else p, "
     "'sentence2': h if h.endswith('.') else h + '.', 'gold_label': {'entailment': 0, 'neutral': 1, "
     "'contradiction': 2}[doc['gold_label']]} }}"},
    {.sha256 = "75c01bb843f19dd989842540e0a76a14d5505669b9b8913f4581bd3c17bde492", .kind = HOOK_ROW,
     .what = "paws-x/utils.process_docs_paraphrases", .formula = paws},
    {.sha256 = "6b4c285d97206db00cb4d07e3b2631ef08a1dd79262adddb59250e9d336d1966", .kind = HOOK_ROW,
     .what = "catalan_bench/utils.process_docs_paraphrases", .formula = paws},
    {.sha256 = "09689889d0fd80b88abeeaaf294a3c6e5faa6c69757b553257ab01fd169a4713", .kind = HOOK_ROW,
     .what = "spanish_bench/utils.process_docs_paraphrases", .formula = paws},
    {.sha256 = "0072131ae0e5438f10739e3060738dd18b20daff4d3380e5fe5a0370c5d201f0", .kind = HOOK_ROW,
     .what = "galician_bench/utils.process_docs_paws", .formula = paws},
    {.sha256 = "01e0e401d06b791baed2840425d7d6e3ab0d91d351df35dc9ce115cbc55854a1", .kind = HOOK_ROW,
     .what = "galician_bench/utils.process_docs_paraphrases", .formula =
     "{% macro detok(s) %}{{ s.replace(\" n't\", \"n't\").replace(\" )\", \")\").replace(\"( \", "
     "\"(\").replace('\" ', '\"').replace(' \"', '\"')|regex_replace(\" (['.,])\", \"\\\\1\") }}{% endmacro %}"
     "{% set out = namespace(row=false) %}{% if doc['Frase'] not in [none, ''] and doc['Paráfrase'] not "
     "in [none, ''] %}{% set p, h = detok(doc['Frase']).strip(), detok(doc['Paráfrase']).strip() %}{% set "
     "out.row = {'Frase': p[:-1] if p[-1:] in ['.', ',', ';'] else p, 'Paráfrase': h[0].lower() + h[1:]} "
     "%}{% endif %}{{ out.row }}"},
    {.sha256 = "c8582d1813dedfcc3a1452948b0a89637466cb94d88b05abcd90e0852a67ab18", .kind = HOOK_ROW,
     .what = "basque_bench/utils.paws_process_docs", .formula =
     "{% set out = namespace(row=false) %}{% if doc['sentence1'] not in [none, ''] and doc['sentence2'] "
     "not in [none, ''] %}{% set p, h = doc['sentence1'], doc['sentence2'] %}{% set out.row = "
     "{'sentence1': p[:-1] if p[-1:] in ['.', ',', ';'] else p, 'sentence2': h[0].lower() + h[1:]} %}{% "
     "endif %}{{ out.row }}"},
    {.sha256 = "431cc0e72849dacbd928b49c1e3da29576bfab1efbffecacea6605210842c4cc", .kind = HOOK_ROW,
     .what = "catalan_bench/utils.process_docs_copa_ca", .formula = copa},
    {.sha256 = "d863517c907575582728edb506e36b72287a7e74aa949b3ab4770fd62c600e86", .kind = HOOK_ROW,
     .what = "spanish_bench/utils.process_docs_copa_es", .formula = copa},
    {.sha256 = "00fb0753296d0f9348e762d07111bf111e6aa052da50ca423b7c1bccd63e7ef7", .kind = HOOK_ROW,
     .what = "galician_bench/utils.process_summarization", .formula = summaries},
    {.sha256 = "cf6a4a3e4373d922e5988b9f42a58568f9d9789b89f59d2c0725c446b2932e77", .kind = HOOK_ROW,
     .what = "spanish_bench/utils.process_xlsum", .formula = summaries},
    {.sha256 = "f64fa5e8eefa4030d8cef511c1827d069916f27981c54a02a36818073a611fe5", .kind = HOOK_ROW,
     .what = "catalan_bench/utils.process_doc_cabreu", .formula =
     "{% set all = {} %}{% for t in text[4:7] %}{% set one = doc['summaries'][t].copy() %}{% for i in "
     "text[7:10] %}{% set _ = one.update({i: one[i]|regex_replace(' +', ' ')}) %}{% endfor %}{% set _ = "
     "all.update({t: one}) %}{% endfor %}{{ {'content': doc['content']|regex_replace(' +', ' '), "
     "'summaries': all} }}"},
    {.sha256 = "d26fa432a5d7a4a1d9255bb99548af1e92299c14ef8a492b62823f59da26a5cf", .kind = HOOK_ROW,
     .what = "darija_bench/darija_translation/utils.dr_en", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "b7bb3292d1f6ae31892018580d1887e8c9519c1cfbe87b0229a32c41c1682778", .kind = HOOK_ROW,
     .what = "darija_bench/darija_translation/utils.dr_msa", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "f5dd73b275b4d0c5abc66283c44d6bb9752c70762152cab985dab8f3145c5c67", .kind = HOOK_ROW,
     .what = "darija_bench/darija_translation/utils.en_dr", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "3c0fe003c4e216e05b62ba6f4c89905501bcc2c401e47c311ae4a10c0829f1e2", .kind = HOOK_ROW,
     .what = "darija_bench/darija_translation/utils.msa_dr", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "9057015bf3b7517ffbd1865be6c450583717f90c620b303723f8373c410acc4d", .kind = HOOK_ROW,
     .what = "darija_bench/darija_translation/utils.dr_fr", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "619f476e0db5b518c7302c1af545460c77f43c2702cf183c3389c5f97b4c3f47", .kind = HOOK_ROW,
     .what = "darija_bench/darija_translation/utils.fr_dr", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "f566d68b096d69eb0adddff452cb42ff56e3312cb172649bec009b933299e963", .kind = HOOK_ROW,
     .what = "darija_bench/darija_transliteration/utils.ar_dr", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "a97ef635aa0b9791a721adf4fa0b9182adb09bdabaa548aebbb755fcc10fdb69", .kind = HOOK_ROW,
     .what = "darija_bench/darija_transliteration/utils.dr_ar", .formula =
     "{{ doc[text[0]] == text[1] }}"},
    {.sha256 = "9b92c02a539200c0fcacfac7eb9939ae394c4bb2d678fad93389004d51efb1f2", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_age", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "219473b10287d69ad1ece536b4118728d6f0a9e12f59c2fa73b5161074f79383", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_autre", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "1ff649a639a12b4c94458032c557199c8183f7003f64ccac31460d83478f0c35", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_disability", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "061c316ccc1dd7d81f0d7d558d4591ea41b022134d5f20773d875d7b8f9c19d9", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_gender", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "1c08b4d067b24505a0798a47959f73b4fa3a8ddee0b689fdb7df71c05d97fd94", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_nationality", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "2e5ca21f580fcbb624128a4fafba243bb6044387eeab03292d5a60c5d4b6dfc1", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_appearance", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "045b074cac8aff310bfdcb8332f70a39cc48ae1540026c612869b5058d1032b2", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_race_color", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "4f8827915f79a3497d507ff504811a5a20e9ebcef19370c1c10a685deb447b40", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_religion", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "fb73170f1b72c939a133808dad9e8e161ab64e116c07feb786242b0243ccab4f", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_orientation", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "35535dd25222e1cd7b2c89afc749592f708a0a680483ea8b35f659aa70bd7fe4", .kind = HOOK_ROW,
     .what = "crows_pairs/utils.filter_socio", .formula =
     "{{ doc['bias_type'].startswith(text[0]) }}"},
    {.sha256 = "26784b4cb0a9aef15300941617a4fc23b69b08de52c8b8d045c3af1846f3431d", .kind = HOOK_ROW,
     .what = "glianorex/preprocess_glianorex.filter_english", .formula =
     "{{ doc['language'].startswith(text[0]) }}"},
    {.sha256 = "8b1418596b2ba271e82e60f9c2c9ad12a9600637d11282ca82e3ba0e2f14c2b6", .kind = HOOK_ROW,
     .what = "glianorex/preprocess_glianorex.filter_french", .formula =
     "{{ doc['language'].startswith(text[0]) }}"},
    {.sha256 = "2f7c3590a92de77ea552a0c60457ed68c3df829e01ce8948f7b15f92dbc47807", .kind = HOOK_ROW,
     .what = "winogender/utils.filter_female", .formula =
     "{{ doc['gender'] == text[0] }}"},
    {.sha256 = "b846b95d7c2028f7b6e24d7f035e917436c45588a95b358fb4d08a0e6732193a", .kind = HOOK_ROW,
     .what = "winogender/utils.filter_male", .formula =
     "{{ doc['gender'] == text[0] }}"},
    {.sha256 = "13e8c1900a6d3340976b24f0fcf6465747e531fefcf97df46a8aa194ed1e2d89", .kind = HOOK_ROW,
     .what = "winogender/utils.filter_neutral", .formula =
     "{{ doc['gender'] == text[0] }}"},
    {.sha256 = "7c8dff78b9e034124871697b2ce98d57079d011f5a6724a4304bbba8cd1eb005", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_ao3_english", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "d7c98b195a1445b95e2376e3adeb8b8436a833c1bdb05eb75d9c30cd40366d18", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_ao3_nonenglish", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "8b26198b0444cbe88c3b1cd4c58c4b279d2f486a58e73efe8453119a083cb00b", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_arxiv_cs", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "6fbc2510335e05e9d500c25b48c3471d8d7d7274f832e89487064d48b749bb9c", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_arxiv_math", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "f38f4ed29ee3fe7d94246f4cb55dd4d0ff7d5666cacd28b857dc393d41c96c13", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_arxiv_other", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "b79733235c398dc6d47b186cbb6bd7c4022b4fbd324d4dd204e364a3cf0d7c39", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_arxiv_physics", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "13b7272ff730e91d9a9306c76eee263ddafd77adfe10d1a7d77ffd4e22c2b22f", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_bbc_news", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "50af44fb041136f02b0c4457f3f45d59ea29352d70a8251117039675822db369", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_biorxiv_all", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "b9484d5640a7886aa1235aa5790676006fd09d87e3731fdf387b82c4ed230cbe", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_github_cpp", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "ac4306b6042e7d6c7b51818784428264ea820315976efcabf9f018e6e385958d", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_github_javascript", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "37fe819a0b33ea3fd3beab940f14ccbe29cc7e71497eec7b630a59306e40e6b8", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_github_markdown", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "60ec60c12fab32172ce44d1eb95764ac470415ba21e501564751b22a38a3b86a", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_github_other", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "a7e7e1f2d5bc687abe0ae0709f369dc7682cdb505c4f8a4ab51b9f411772f859", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_github_python", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "88f278ac8c797ccfe673b7f623158414d8b23f907b458033242d74eb0c7ebe89", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_wikipedia_english", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "e17008019a8ebe7012c5cf71bdd3cf0b8aece8a381fc4a4231f0251b10a7f854", .kind = HOOK_ROW,
     .what = "uncheatable_eval/uncheatable_eval_utils.filter_wikipedia_nonenglish", .formula =
     "{{ doc['category'] == text[0] }}"},
    {.sha256 = "3f23f500e38c26ff53f2ed0da43667df91900d9e5feab72bbd5a00e254e13ac4", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_economy", .formula =
     "{{ text[0] in doc['id'].lower() }}"},
    {.sha256 = "9df9ca5d30fbf7c47f3399868eda179ffbe3204c5d9ef3e6e62fe8b3e14410eb", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_geography", .formula =
     "{{ text[0] in doc['id'].lower() }}"},
    {.sha256 = "053956cd7fd0a07023faa93fe51fda4e79dcd1f3123f7ced4859919d32fd93d0", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_kpop", .formula =
     "{{ text[0] in doc['id'].lower() }}"},
    {.sha256 = "1828eb239c37d1b6ae37759c9d19f463f55742387aece28af741576014f35d75", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_politics", .formula =
     "{{ text[0] in doc['id'].lower() }}"},
    {.sha256 = "4187285196c95e0711539d001e63887c51932731ffd8b9d172da704df077bdf1", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_society", .formula =
     "{{ text[0] in doc['id'].lower() }}"},
    {.sha256 = "07af05dcecb31491a802085d4a4a90cd4ab338f7a3efb82695e09967e3be24bd", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_tradition", .formula =
     "{{ text[0] in doc['id'].lower() }}"},
    {.sha256 = "132366c628a89d8ea93a1085f37836ca0cf72d94a765638c44bb63887b910e80", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_history", .formula =
     "{{ text[0] in doc['id'] or text[2] in doc['id'].lower() }}"},
    {.sha256 = "a87be23328192e4a356c17db2bbab7c722492d4113be717bed3c216742deea95", .kind = HOOK_ROW,
     .what = "click/click_cul/utils.extract_law", .formula =
     "{{ text[0] in doc['id'].lower() or text[2] in doc['id'] }}"},
    {.sha256 = "e3c2f4848216f97dec04a10b260d052074b5f39a777a1e13538cf3ac47a31832", .kind = HOOK_ROW,
     .what = "click/click_lang/utils.extract_function", .formula =
     "{% set id, q = doc['id'], doc['question'] %}{% set part = id.split('_') %}{{ (text[0] in id and "
     "(int(part[-1]) > 34 or (int(part[2]) < 21 and int(part[3]) < 11))) or (text[8] in id and (text[10] "
     "in q or text[12] in q or text[14] in q)) or text[16] in id }}"},
    {.sha256 = "c51ff49fcdc01821d24369e3533de5c2046f7466d3c366e7a049784870845082", .kind = HOOK_ROW,
     .what = "click/click_lang/utils.extract_grammar", .formula =
     "{% set id, q = doc['id'], doc['question'] %}{% set part = id.split('_') %}{{ (text[0] in id and "
     "(int(part[2]) < 21 and int(part[3]) > 10)) or (text[6] in id and (part[1] != text[10] or not "
     "(text[11] in q or text[13] in q or text[15] in q))) or (text[17] in id and int(part[-1]) < 5) }}"},
    {.sha256 = "b09ebc14a893812fc3cdd5a30c6609a4d32d72fa4ddf17809c814407529c9628", .kind = HOOK_ROW,
     .what = "click/click_lang/utils.extract_text", .formula =
     "{% set id = doc['id'] %}{{ text[0] in id or (text[2] in id and int(id.split('_')[-1]) < 35) or "
     "(text[6] in id and int(id.split('_')[-1]) > 4) }}"},
    {.sha256 = "4e58537bea237f01b635f015d64698f2c41ca3a997aa976273c14334244cb858", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_ar", .formula = tydiqa},
    {.sha256 = "9f2ab4a0b88ab885c362b25f420952f4063d63c9a4950685e28c5686acbb819b", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_bn", .formula = tydiqa},
    {.sha256 = "3aaab54589e039bb1e05b17ee1559dd50a917abeb0f9014a1c9ca9866bf679f5", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_en", .formula = tydiqa},
    {.sha256 = "608ff26ea0947460b8dbcf0bf34034f7ee66794ff987e532294816d41164bafc", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_fi", .formula = tydiqa},
    {.sha256 = "58b5d76431e497800388cbfa0844817fbe456bcde29797039954a4fe9c5aa4c1", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_id", .formula = tydiqa},
    {.sha256 = "7e1c6aabe148215387751b0059dcec194ca0fc7972ec91308ccf48a5cf58118e", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_ko", .formula = tydiqa},
    {.sha256 = "36b785a66b91c1e736c4994e53a2d18981fbc7957d060d495bdb9021cfb0bd32", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_ru", .formula = tydiqa},
    {.sha256 = "29fbef5588f826cad10127c494b6e8df8aee286ee908751ee9188db5f8ed9797", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_sw", .formula = tydiqa},
    {.sha256 = "a37446c146363acea427e2412c23ffdb977fc173e14fdc03702bc29954cf6402", .kind = HOOK_ROW,
     .what = "tydiqa/utils.process_docs_te", .formula = tydiqa},
    {.sha256 = "bb4848b1f66b949e919845d04c139e7c1fffc75e4762ee545988653b740e3e22", .kind = HOOK_ROW,
     .what = "physics_gre/utils.process_docs", .formula =
     "{% set s = doc['target_scores'] %}{{ {'input': doc['input'].strip(), 'choices': s|list, 'gold': "
     "(s.values()|list).index(1)} if not doc['has_image'] and s is not none and 1 in s.values() else "
     "false }}"},
    {.sha256 = "136d98ce2d80c73db743aa868f605360c8b330ced1be5b80dc85e47a09452068", .kind = HOOK_ROW,
     .what = "arabic_leaderboard_complete/arabic_leaderboard_arabic_exams/utils.process_docs", .formula =
     "{% set marks = const['LETTER_INDICES_AR'] %}{% set out = [] %}{% for l in 'ABCD' %}{% set _ = "
     "out.append(fill(text[6], LETTER_INDICES_AR=marks, i=loop.index0, choice=doc[l])) %}{% endfor %}{{ "
     "{'query': fill(text[9], instruction=fill(text[8], topic=doc['subject']), question=doc['question']) "
     "+ text[10].join(out) + text[11], 'choices': marks[:4], 'gold': "
     "const['LETTER_INDICES'].index(doc['answer'])} }}"},
    {.sha256 = "3c246ca99d65fb6423fa89adc80fdf4fb6e2e5ff60788dcce3ca81ef72a88370", .kind = HOOK_ROW,
     .what = "arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_boolq/utils.process_docs", .formula =
     "{{ {'query': fill(text[3], instruction=text[2], passage=doc['passage'], question=doc['question']), "
     "'choices': text[6:8], 'gold': 0 if doc['answer'] else 1} }}"},
    {.sha256 = "b6e8bafb6ca1e868d29dafaccdea0606b699193db1f5019144aade9b05f22039", .kind = HOOK_ROW,
     .what = "arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_copa/utils.process_docs", .formula =
     "{{ {'query': text[9].format(doc['premise'], {text[3]: text[4], text[5]: text[6]}[doc['question']], "
     "doc['choice1'], doc['choice2']), 'choices': [doc['choice1'], doc['choice2']], 'gold': doc['label']} "
     "}}"},
    {.sha256 = "2b234a965a49997b72b207bdeb062e532ad0a3fc75daaafb5a29817feae1f4cd", .kind = HOOK_ROW,
     .what = "arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_hellaswag/utils.process_docs", .formula =
     "{% set out = [] %}{% set n = namespace(s=fill(text[8], instruction=text[7], "
     "ctx=doc['ctx']|regex_replace(text[0], ''))) %}{% for e in literal(doc['endings']) %}{% set e = "
     "e|regex_replace(text[3], '') %}{% set _ = out.append(e) %}{% set n.s = n.s + fill(text[9], "
     "i=loop.index0, ending=e) %}{% endfor %}{{ {'query': n.s + text[10], 'choices': out, 'gold': "
     "doc['label']} }}"},
    {.sha256 = "cb0d86f71141ab7a40d4a0fd587134ec9d41a313932958eb81da59aaa0207613", .kind = HOOK_ROW,
     .what = "arabic_leaderboard_complete/arabic_leaderboard_arabic_mt_toxigen/utils.process_docs", .formula =
     "{{ {'query': fill(text[4], instruction=text[3], text=doc['text']), 'choices': [text[7], text[8]], "
     "'gold': 1 if doc['toxicity_ai'] + doc['toxicity_human'] > 5.5 else 0} }}"},
    {.sha256 = "6f8666cf4abb6326f3e984e78e31c0d0fa6fee6de22e4581978fcbe6a4da9e33", .kind = HOOK_ROW,
     .what = "darijahellaswag/utils.process_docs", .formula =
     "{{ {'query': doc['activity_label'] + ': ' + doc['ctx'], 'choices': doc['endings'], 'gold': "
     "int(doc['label'])} }}"},
    {.sha256 = "d5e741362c61878b16fcb11fc88be16f8ebbe3a67a8829c632280af7bc0cb684", .kind = HOOK_ROW,
     .what = "histoires_morales/utils.process_docs", .formula =
     "{{ {'query': doc['norm'].capitalize() + ' ' + doc['situation'].capitalize() + ' ' + "
     "doc['intention'].capitalize(), 'choices': [doc['moral_action'], doc['immoral_action']], 'label': 0} "
     "}}"},
    {.sha256 = "f7e6248fb5a397ed047b538dc25ec1ef51a4a8d89ef83cb8494ba3abb3d7c26f", .kind = HOOK_ROW,
     .what = "mutual/utils.process_docs", .formula =
     "{% macro tidy(s) %}{% set n = namespace(s=s) %}{% for i in range(0, 24, 2) %}{% set n.s = "
     "n.s.replace(text[i], text[i + 1]) %}{% endfor %}{{ n.s }}{% endmacro %}{% set out = [] %}{% for o "
     "in doc['options'] %}{% set _ = out.append(tidy(o)) %}{% endfor %}{{ {'article': "
     "tidy(doc['article']), 'options': out} }}"},
    {.sha256 = "2770ed30b30b9696015fe717a45cfeba456943324d2fc274ba426ed0405ca3bc", .kind = HOOK_ROW,
     .what = "japanese_leaderboard/ja_leaderboard_jcommonsenseqa.process_docs", .formula =
     "{{ {'choices': [doc['choice0'], doc['choice1'], doc['choice2'], doc['choice3'], doc['choice4']]} }}"},
    {.sha256 = "a12985e2e22025ca5b252f9256513fcfc33dd5740d3c5772367e975fdbc01a15", .kind = HOOK_ROW,
     .what = "japanese_leaderboard/ja_leaderboard_xwinograd.process_docs", .formula =
     "{{ {'label': int(doc['answer']) - 1, 'choices': [doc['sentence1'].strip(), "
     "doc['sentence2'].strip()]} }}"},
    {.sha256 = "be5c5ef7afaebb3a3f880d3a9da6eb893cc9503569bc2e1550b44587fa07e437", .kind = HOOK_ROW,
     .what = "kobest/utils.hellaswag_process_doc", .formula =
     "{{ {'query': fill(text[1], dataset=doc), 'choices': [doc['ending_1'], doc['ending_2'], "
     "doc['ending_3'], doc['ending_4']], 'gold': int(doc['label'])} }}"},
    {.sha256 = "25d2bfe10f10e443db91f0a5073f3064798d0e9d19e12f5875e87f7bb01cd2ee", .kind = HOOK_ROW,
     .what = "llama3/instruct/arc_challenge/utils.process_docs", .formula =
     "{% set key = doc['answerKey'] %}{{ {'choices': {'text': doc['choices']['text'], 'label': text[:4]}, "
     "'answerKey': key if key in text[:4] else text[:4][int(key) - 1]} if doc['choices']['label']|length "
     "== 4 else false }}"},
    {.sha256 = "31f571af301e6a9dba45c12f6040aed36a2a4ad0ecbb09e639e00e3a6699e8d3", .kind = HOOK_ROW,
     .what = "super_glue/record/util.process_docs", .formula =
     "{{ {'entities': doc['entities']|unique(case_sensitive=true)|sort(case_sensitive=true), 'answers': "
     "doc['answers']|unique(case_sensitive=true)|sort(case_sensitive=true)} }}"},
    {.sha256 = "41c771c399a512262d4e5730d77c4a837ee2e2e822a66cb34ffeeafbe863f425", .kind = HOOK_ROW,
     .what = "med_text_classification/utils.process_docs_hard", .formula =
     "{{ true }}"},
    {.sha256 = "105ab57eb3077748bf148cf2dc02a9695a67b4adeadd7651c1f9719d6bc569bf", .kind = HOOK_ROW,
     .what = "metabench/process_docs.process_truthfulqa", .formula =
     "{{ true }}"},
    {.sha256 = "d866e3c6b33a1556d778f22be0c44e0030d60dceb9fde79d807571d6098c4aff", .kind = HOOK_ROW,
     .what = "metabench/process_docs.process_arc", .formula =
     "{% set n = namespace(s='') %}{% for shot in range(1, 26) %}{% set k = 'arc_choices_shot_' ~ shot %}"
     "{% set n.s = fill(text[11], long_prompt=n.s, question=doc['arc_question_shot_' ~ shot], "
     "answer=doc[k]['text'][doc[k]['label'].index(doc['arc_answerKey_shot_' ~ shot])]) %}{% endfor %}{{ "
     "{'twentyfive_shot_preprompt': n.s} }}"},
    {.sha256 = "f73aa31a4f17d8cf965ccd262536e2caf9cfcb1d360f17e8b0b9f2dbc237846a", .kind = HOOK_ROW,
     .what = "metabench/process_docs.process_gsm8k", .formula =
     "{% set n = namespace(s='') %}{% for shot in range(1, 6) %}{% set n.s = fill(text[6], "
     "long_prompt=n.s, question=doc['gsm8k_prompt_shot_' ~ shot], answer=doc['gsm8k_answer_shot_' ~ "
     "shot]) %}{% endfor %}{{ {'five_shot_preprompt': n.s} }}"},
    {.sha256 = "0b5cdf3881bc24b616610ab6334c3b414b51ec35e9151dbd49ed166a05cf4b81", .kind = HOOK_ROW,
     .what = "metabench/process_docs.process_mmlu", .formula =
     "{% set n = namespace(s=fill(text[4])) %}{% for shot in range(1, 6) %}{% set c = "
     "doc['mmlu_choices_shot_' ~ shot] %}{% set n.s = fill(text[15], long_prompt=n.s, "
     "question=doc['mmlu_question_shot_' ~ shot].strip(), choice_A=c[0], choice_B=c[1], choice_C=c[2], "
     "choice_D=c[3], answer=text[int(doc['mmlu_answers_shot_' ~ shot])]) %}{% endfor %}{{ "
     "{'five_shot_preprompt': n.s} }}"},
    {.sha256 = "f590592cddd2724b3ecdf121f5dde8764403b4fc100e539e77eba457e583d6fc", .kind = HOOK_ROW,
     .what = "metabench/process_docs.process_hellaswag", .formula =
     "{% macro query(a, b, label) %}{{ clean(label + ': ' + a + ' ' + b.capitalize()) }}{% endmacro %}{% "
     "set n = namespace(s='') %}{% for shot in range(1, 11) %}{% set at = '_shot_' ~ shot %}{% set n.s = "
     "n.s + query(doc['hellaswag_ctx_a' ~ at], doc['hellaswag_ctx_b' ~ at], "
     "doc['hellaswag_activity_labels' ~ at]) + ' ' + clean(doc['hellaswag_endings' ~ "
     "at][int(doc['hellaswag_label' ~ at])]) + '\\n\\n' %}{% endfor %}{% set out = [] %}{% for e in "
     "doc['endings'] %}{% set _ = out.append(clean(e)) %}{% endfor %}{{ {'query': query(doc['ctx_a'], "
     "doc['ctx_b'], doc['activity_label']), 'choices': out, 'gold': int(doc['label']), "
     "'ten_shot_preprompt': n.s} }}"},
    {.sha256 = "7e3571c0e206db22581431cafb768ac702cb26eb6a482d5c29efa8f1b0013e81", .kind = HOOK_ROW,
     .what = "metabench/process_docs.process_winogrande", .formula =
     "{% set n = namespace(s='') %}{% for shot in range(1, 6) %}{% set a = doc['winogrande_option' ~ "
     "doc['winogrande_answer_shot_' ~ shot] ~ '_shot_' ~ shot] %}{% set n.s = n.s + "
     "doc['winogrande_prompt_shot_' ~ shot].replace('_', a) + '\\n\\n' %}{% endfor %}{{ {'sentence': n.s + "
     "doc['sentence']} }}"},
    {.sha256 = NULL},
};
