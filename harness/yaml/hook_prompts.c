/* hook_prompts.c - functions that give a value of a row (doc_to_text, doc_to_target, doc_to_choice), as formulas (hook_formula.h). */
#include "hook_table.h"

/* Formulas that several functions are. */
static const char two_choices[] =
    "{{ [doc['choice1'][0].lower() + doc['choice1'][1:], doc['choice2'][0].lower() + doc['choice2'][1:]] "
    "}}";
static const char lettered_choices[] =
    "{% set c = doc['candidates'] %}{% set out = [] %}{% for l in const['letters'][:c|length] %}{% set _ "
    "= out.append(fill(text[3], choice=l, candidates=c, i=loop.index0)) %}{% endfor %}{{ fill(text[4], "
    "formatted_choices='\\n'.join(out)) }}";
static const char norquad[] =
    "{{ fill(text[3], title=doc['title'], passage=doc['passage'], question=doc['question']) }}";
static const char norwegian_truthfulqa[] =
    "{% set out = [] %}{% for c in doc['mc1_targets']['choices'] %}{% set _ = out.append(fill(text[2], "
    "choice=c)) %}{% endfor %}{{ fill(text[0], question=doc['question'], choices=''.join(out)) }}";
static const char quiz[] =
    "{% set out = [] %}{% for c in doc['choices']['text'] %}{% set _ = out.append(fill(text[2], "
    "choice=c)) %}{% endfor %}{{ fill(text[0], question=doc['question'], choices=''.join(out)) }}";
static const char quiz_asking[] =
    "{% set label, option = doc['choices']['label'], doc['choices']['text'] %}{% set out = [] %}{% for i "
    "in range([label|length, option|length]|min) %}{% set _ = out.append(fill(text[2], label=label[i], "
    "option=option[i])) %}{% endfor %}{{ fill(text[0], question=doc['question'], choices=''.join(out)) }}";
static const char quiz_with_choices[] =
    "{% set label, option = doc['choices']['label'], doc['choices']['text'] %}{% set out = [] %}{% for i "
    "in range([label|length, option|length]|min) %}{% set _ = out.append(fill(text[2], label=label[i], "
    "option=option[i])) %}{% endfor %}{% set all = text[7].join(label[:-1]) + fill(text[10], "
    "latest_choice=label[-1]) %}{{ fill(text[0], question=doc['question'], choices=''.join(out), "
    "enumerated_choices=all.replace(text[15], text[16]) if label|length == 2 else all) }}";

const struct hook_row hook_prompts[] = {
    {.sha256 = "68faaa1602c32041fab3a4ae198b703b244f89f9ef5f6afa18f7ea61cb1cdbb2", .kind = HOOK_VALUE,
     .what = "afrobench/masakhapos/prompt_1/utils.doc_to_target", .formula =
     "{% set out = [] %}{% for tag in doc['upos'] %}{% set _ = out.append(text[:18][tag]) %}{% endfor %}"
     "{{ out }}"},
    {.sha256 = "2c16ee842ec65defabcf8c1fb64736933552737a9f62144cc0476e278b1c686b", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_summarization/utils.doc_to_target", .formula =
     "{{ doc['messages'][1]['content'] }}"},
    {.sha256 = "3f754e1022d43ef413a788baa4d9e6cf8b4dd61375d6214e7560dbc3119f21bb", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_translation/utils.doc_to_text", .formula =
     "{{ doc['messages'][0]['content'] }}"},
    {.sha256 = "f5cc5f9c4ed74372b85d97f1a2ef05b818735059cde42c6d2586cb5c39ab0bd9", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_summarization/utils.doc_to_text", .formula =
     "{{ doc['messages'][0]['content'].replace(text[2], text[3]) }}"},
    {.sha256 = "ee04e6f381495ca80ae73e16d6009127b1b509f025b0aee92fcbc6af34962018", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_sentiment/utils.doc_to_text", .formula =
     "{{ doc['messages'][0]['content'].replace(text[2], text[3]).replace(text[4], "
     "text[5]).replace(text[6], text[7]) }}"},
    {.sha256 = "0e909debab315490a4390ddb19463f49a2d1db80aa4b15a318dbde122c616de7", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_sentiment/utils.doc_to_target", .formula =
     "{{ const['alpha'][const['out_dic'][doc['messages'][1]['content']]] }}"},
    {.sha256 = "e12ea904a7fd58ea8ca1c76faf2724ae195f64729d29c651154873ff37ec6439", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_sentiment/utils.doc_to_choice_2", .formula =
     "{{ const['alpha'][:2] }}"},
    {.sha256 = "3e8886021583248510e0fd070047ca8d3c3303f1a34d4b847fd5a5f6a2f28eeb", .kind = HOOK_VALUE,
     .what = "darija_bench/darija_sentiment/utils.doc_to_choice_3", .formula =
     "{{ const['alpha'] }}"},
    {.sha256 = "acf877a020d298af7269b6824808f26578e0cc940fc55c03d7d74e3a84761c25", .kind = HOOK_VALUE,
     .what = "crows_pairs/utils.doc_to_choice", .formula =
     "{{ [doc['sent_more'], doc['sent_less']] }}"},
    {.sha256 = "6c7946f4e40be915c48af09be06a7949d0be5f6a94a07132acbb2872fc7cb6c9", .kind = HOOK_VALUE,
     .what = "leaderboard/math/utils.doc_to_text", .formula =
     "{{ text[0] + text[1] + doc['problem'] + text[3] + text[4] }}"},
    {.sha256 = "975344e671c75aa5fe79948a68c04eb6eed4f261cf3d4d6eed55789c3870e1ec", .kind = HOOK_VALUE,
     .what = "paloma/paloma_utils.doc_to_target", .formula =
     "{{ doc['text']|string }}"},
    {.sha256 = "4dea1fd581341dbd12be5bf1269752e481004d812c5b63f57878eeb99eae663d", .kind = HOOK_VALUE,
     .what = "llama3/instruct/mmlu_pro/utils.fewshot_to_text", .formula =
     "{{ doc['cot_content'].removeprefix(text[1]).strip()|regex_replace(text[2], text[3]) }}"},
    {.sha256 = "9dbd86deed29979726846ba2e56ae08e84085a9ab6b44d4adaffa6b05afabd6a", .kind = HOOK_VALUE,
     .what = "arab_culture/utils_mcq.doc_to_text", .beside = "prompts.py", .constant = "BASE_PROMPT", .formula =
     "{% set n = namespace(s='') %}{% for i in range(3) %}{% set n.s = n.s + "
     "doc['options']['english_keys'][i] + text[12] + doc['options']['text'][i].strip() + text[14] %}{% "
     "endfor %}{{ fill(const['BASE_PROMPT'], first_statement=doc['first_statement'].strip(), choices=n.s) "
     "}}"},
    {.sha256 = "e61c914ad9b78470827962aafb32961fc8829265cc7cf9a078ff44411aefc309", .kind = HOOK_VALUE,
     .what = "arab_culture/utils_mcq.doc_to_choice", .formula =
     "{{ doc['options']['english_keys'] }}"},
    {.sha256 = "b5af9d0b7248ac2eef0a8e2d534821a5937c5943edeb8824f080565972c103d6", .kind = HOOK_VALUE,
     .what = "arab_culture/utils_mcq.doc_to_target", .formula =
     "{{ doc['answer_key']['english_answer_key'].strip() }}"},
    {.sha256 = "61ff0041a4d4584edbdcfce0f8c32b22965dcff38829f54e3acd71d4cfb12c5f", .kind = HOOK_VALUE,
     .what = "arab_culture_completion/utils_completion.doc_to_text", .beside = "prompts.py", .constant = "BASE_PROMPT", .formula =
     "{{ fill(const['BASE_PROMPT'], first_statement=doc['first_statement'].strip()) }}"},
    {.sha256 = "7262a7495841e75a8a37ecc60f0eb0b42cd9b567dbc8f5b214380cd277ce6137", .kind = HOOK_VALUE,
     .what = "arab_culture_completion/utils_completion.doc_to_choice", .formula =
     "{{ doc['options']['text'] }}"},
    {.sha256 = "4badb6501b1cc9b162753c3fa5862e267942dc919d959c370449d3363ee8a798", .kind = HOOK_VALUE,
     .what = "arab_culture_completion/utils_completion.doc_to_target", .formula =
     "{{ doc['options']['text'][doc['options']['english_keys'].index(doc['answer_key']['english_answer_key"
     "'])].strip() }}"},
    {.sha256 = "f654dc6eba62f20de47da11487f047f9fc104e088d9d1d74534c6cf9e2501dc2", .kind = HOOK_VALUE,
     .what = "copal_id/utils.doc_to_text_id", .formula =
     "{{ doc['premise'].strip()[:-1] + ' ' + arg['connector'][doc['question']] }}"},
    {.sha256 = "e5b6b4e21ce946f5e05dc90d57bb9e4c040728a0d688f52ea710f17b926a328a", .kind = HOOK_VALUE,
     .what = "copal_id/utils.doc_to_choice", .formula = two_choices},
    {.sha256 = "6941a68fcf033086098b1a219ad1d0b2927227267f0634236ab721028a61083a", .kind = HOOK_VALUE,
     .what = "basque_bench/utils.xcopa_doc_to_choice", .formula = two_choices},
    {.sha256 = "31ad78efbc0db409d85fc21bbf90ad111b345040295570a8323cfdd424ea4004", .kind = HOOK_VALUE,
     .what = "basque_bench/utils.xcopa_doc_to_text", .formula =
     "{{ doc['premise'].strip() + const['xcopa_connectors'][doc['question']] }}"},
    {.sha256 = "bb7911b0f0fe60d42e82adc7f22f3e219a9e2438ff5c45866cde52a7ed904c2a", .kind = HOOK_VALUE,
     .what = "super_glue/copa/utils.doc_to_choice", .formula =
     "{{ [' ' + doc['choice1'][0].lower() + doc['choice1'][1:], ' ' + doc['choice2'][0].lower() + "
     "doc['choice2'][1:]] }}"},
    {.sha256 = "1b6992ecf3a0ed43ea55aa7b5bc51c7b1dfb1e5e6112f17b31ce37b981969cc8", .kind = HOOK_VALUE,
     .what = "super_glue/copa/utils.doc_to_target", .formula =
     "{% set c = doc['choice1'] if doc['label'] == 0 else doc['choice2'] %}{{ ' ' + c[0].lower() + c[1:] }"
     "}"},
    {.sha256 = "fc86697c3a2e8373ad22a70f689b663b466bd2a22118ddb579ae9968a285fe23", .kind = HOOK_VALUE,
     .what = "super_glue/copa/utils.doc_to_text", .formula =
     "{{ doc['premise'].strip()[:-1] + ' ' + {text[0]: text[1], text[2]: text[3]}[doc['question']] }}"},
    {.sha256 = "2b746bdc86ead07cbc93c1b6b282642ba569efe12036965fc94c6e06ef721d20", .kind = HOOK_VALUE,
     .what = "indicparam/utils.doc_to_text", .formula =
     "{% set out = [] %}{% for opt in const['OPTS'] %}{% set _ = out.append(fill(text[1], "
     "CHOICES=const['CHOICES'], i=loop.index0, opt=opt)) %}{% endfor %}{{ fill(text[2], "
     "options='\\n'.join(out)) }}"},
    {.sha256 = "e8818887491c7bfa26b13963e731d5cd062133e038abcb430a83fbc25939aad7", .kind = HOOK_VALUE,
     .what = "indicparam/utils.doc_to_choice", .formula =
     "{{ const['CHOICES'] }}"},
    {.sha256 = "3dcaa6def3440e21d0dfc14f07d3d842706909ed8125269bc9f5aaabb89e5775", .kind = HOOK_VALUE,
     .what = "indicparam/utils.doc_to_target", .formula =
     "{{ const['CHOICES'].index(doc['correct_answer'].upper()) }}"},
    {.sha256 = "d279be01b800ceb2d114dac8da2cf1ce15205875b49c54ada28609342dc31303", .kind = HOOK_VALUE,
     .what = "click/click_cul/utils.get_context", .formula =
     "{{ fill(text[3] if doc['paragraph'] else text[4], ctx=doc['paragraph'], q=doc['question'], "
     "opt=doc['choices']) }}"},
    {.sha256 = "9e228fac6b74e525f05d587fd9cf73ec26fc377d32fad987eb59b147d0f20ace", .kind = HOOK_VALUE,
     .what = "click/click_cul/utils.get_choices", .formula =
     "{{ text[2:7] if text[0] in doc['id'] else text[7:11] }}"},
    {.sha256 = "5666400c79acb008709cc664ec5b817865cf9f4346c01e1fd0e759d2c5438622", .kind = HOOK_VALUE,
     .what = "click/click_cul/utils.get_target", .formula =
     "{{ (text[3:8] if text[1] in doc['id'] else text[9:13])[doc['choices'].index(doc['answer'])] }}"},
    {.sha256 = "0796453de0b5bdb0c1dd6175cecd40609318b9f56a57d84876e91e4a813afe74", .kind = HOOK_VALUE,
     .what = "evalita_llm/utils.ner_doc_to_target", .formula =
     "{% set n = namespace(s='') %}{% for e in doc['entities'] %}{% set n.s = n.s + e['entity_text'] + "
     "const['NER_TYPE_SEPARATOR'] + e['type'] + const['NER_ENTITY_SEPARATOR'] %}{% endfor %}{{ n.s[:-1] "
     "if doc['entities'] else const['NO_ENT_STRING'] }}"},
    {.sha256 = "0f2fa438b9254aca1de782b1a4fd5f91421687468337e76520be089e9c9b18d9", .kind = HOOK_VALUE,
     .what = "evalita_llm/utils.re_doc_to_target", .formula =
     "{% set n = namespace(s='') %}{% for e in doc['relations'] %}{% set n.s = n.s + e[0] + "
     "const['INTRA_REL_SEPARATOR'] + e[1] + const['INTER_REL_SEPARATOR'] %}{% endfor %}{{ n.s[:-1] if "
     "doc['relations'] else const['NO_ENT_STRING'] }}"},
    {.sha256 = "ae924cf49a8accd676fc18a456ebc939cb38b3040fb596e20fba9af116865297", .kind = HOOK_VALUE,
     .what = "evalita_llm/utils.ls_doc_to_target", .formula =
     "{{ ', '.join(doc['answers']|map(attribute='word')) if doc['answers'] else const['NO_SYN_STRING'] }}"},
    {.sha256 = "494a8b2ab33986f1e5e7a7d849f25f24298e19c8f33d23cc53d0bf7cc870cd74", .kind = HOOK_VALUE,
     .what = "evalita_llm/utils.sa_doc_to_target", .formula =
     "{{ {'10': 0, '01': 1, '00': 2, '11': 3}[doc['opos'] + doc['oneg']] }}"},
    {.sha256 = "188cf609846691a3be7cfb2abcac64fb9a45d7e1e433ae0435d2a7568155ee74", .kind = HOOK_VALUE,
     .what = "evalita_llm/utils.sa_doc_to_choice", .formula =
     "{{ text }}"},
    {.sha256 = "206f63b8f06100cc7dca62d2097c7e0af61ba25060bb4674adaddd7f8f6c0821", .kind = HOOK_VALUE,
     .what = "evalita_llm/utils.faq_doc_to_target", .formula =
     "{{ 'ABCD'.index(doc['correct_answer']) if doc['correct_answer']|length == 1 else [].index(0) }}"},
    {.sha256 = "0fda73dd72810d58d794d91d61f11958512d5b9eb496a948e500c4852fb1a415", .kind = HOOK_VALUE,
     .what = "hrm8k/default/utils.doc_to_text", .formula =
     "{{ text[0] + text[1] + fill(text[2]) }}"},
    {.sha256 = "803c03fbd180f9aedb2317680916ce9312fc44c447c78593c15fe668658d6391", .kind = HOOK_VALUE,
     .what = "hrm8k/en/utils.doc_to_text", .formula =
     "{{ text[0] + text[1] + fill(text[2]) }}"},
    {.sha256 = "fcb4c19dc60f1298cc6ed0050cb02e7149883d8c367ecacee7837287853f500c", .kind = HOOK_VALUE,
     .what = "hrm8k/default/utils.doc_to_text_mmmlu", .formula =
     "{{ text[0] + text[1] + fill(text[2]) }}"},
    {.sha256 = "a315623ca838b0a3825258375251bbd3b7c71e82afa2ac2efed5cd3559c6a099", .kind = HOOK_VALUE,
     .what = "hrm8k/en/utils.doc_to_text_mmmlu", .formula =
     "{{ text[0] + text[1] + fill(text[2]) }}"},
    {.sha256 = "d3841ccfc99edcb1e4fe9bc5b67d43178dfbdf3c644f8ecfa47c6b534e40c7fe", .kind = HOOK_VALUE,
     .what = "code_x_glue/code-text/utils.doc_to_text", .formula =
     "{{ ' '.join(' '.join(doc['code_tokens']).replace('\\n', ' ').split()) }}"},
    {.sha256 = "c4b2b3b86bc06b1d93a2b56cbc705ceeefd18fe24a9a8b5be572c058f4a38d32", .kind = HOOK_VALUE,
     .what = "code_x_glue/code-text/utils.doc_to_target", .formula =
     "{{ ' '.join(' '.join(doc['docstring_tokens']).replace('\\n', '').split()) }}"},
    {.sha256 = "9dd99afe8f7cf0cbd8a5beef910911b21606fa326e2cb010b1f21b97d5808b38", .kind = HOOK_VALUE,
     .what = "aradice/openbookqa/utils.doc_to_text", .formula =
     "{{ doc['question']['stem'].strip() }}"},
    {.sha256 = "ed5735f6caae2abc1c31c1bee26b037c8b67f0934d99c6b6ab0991549fd5856d", .kind = HOOK_VALUE,
     .what = "aradice/openbookqa/utils.doc_to_target", .formula =
     "{{ (doc['question']['choices']|map(attribute='label')|list).index(doc['answerKey'].lstrip()) }}"},
    {.sha256 = "f11d5a3fe5111b024406adecf2e2958d957b31f2a8daf3193cc69cbcb2dbceea", .kind = HOOK_VALUE,
     .what = "aradice/openbookqa/utils.doc_to_choice", .formula =
     "{{ doc['question']['choices']|map(attribute='text')|list }}"},
    {.sha256 = "75bfbbf04cd6e82681b24aef34933038081ac964bd019dd11321f95583ad10ab", .kind = HOOK_VALUE,
     .what = "glianorex/preprocess_glianorex.doc_to_text", .formula =
     "{% set n = namespace(s='') %}{% for k, v in doc['options'].items() %}{% set n.s = n.s + "
     "fill(text[2], k=k, v=v) %}{% endfor %}{{ fill(text[3], answers=n.s) }}"},
    {.sha256 = "22387f2d4ad4db30d9dcc5fb06f4ddefb43be6911b2c0e4bc42da0938c6a57a3", .kind = HOOK_VALUE,
     .what = "glianorex/preprocess_glianorex.doc_to_target", .formula =
     "{{ doc['answer_idx'] }}"},
    {.sha256 = "db3099bba72b47a29018221bbca9a9d44f043b5bf4fbc9df93b8081687ba895e", .kind = HOOK_VALUE,
     .what = "glue/mnli/utils.doc_to_text", .formula =
     "{% set h = doc['hypothesis'].strip() %}{{ text[0].format(doc['premise'], h + ('' if h.endswith('.') "
     "else '.')) }}"},
    {.sha256 = "8b7d5c0aa4ceeca7ae500d88fb00e36252ceb8c95a6d605c5b6effa3e0db5f13", .kind = HOOK_VALUE,
     .what = "icelandic_winogrande/preprocess_winogrande.doc_to_target", .formula =
     "{% set t = doc['sentence'][doc['sentence'].index('_') + 1:].strip() %}{{ t if t == '.' else ' ' + t "
     "}}"},
    {.sha256 = "d4d84507dfccf0460bffed69620e758aa46d5c8e04fada0c23a36ebe04186b6d", .kind = HOOK_VALUE,
     .what = "kobest/utils.copa_doc_to_text", .formula =
     "{{ fill(text[5], connector={text[0]: text[1], text[2]: text[3]}[doc['question'].strip()]) }}"},
    {.sha256 = "e5bf457bf6f2491da53dcd8ff095cfcee97394d9e67c6b129c66a77f52e9d54a", .kind = HOOK_VALUE,
     .what = "kobest/utils.copa_doc_to_target", .formula =
     "{{ (doc['alternative_1'] if doc['label'] == 0 else doc['alternative_2'])|string }}"},
    {.sha256 = "285cadeab1b2db2f2999c84e3964693b8a83760007fd7acfc63049bcf009a188", .kind = HOOK_VALUE,
     .what = "kobest/utils.copa_doc_to_choice", .formula =
     "{{ [doc['alternative_1']|string, doc['alternative_2']|string] }}"},
    {.sha256 = "e701554ed501cb96f5fe2569c474a3a228e8e3a68affdf29f0a02a5864f14a1d", .kind = HOOK_VALUE,
     .what = "kobest/utils.sentineg_doc_to_text", .formula =
     "{{ fill(text[0]) }}"},
    {.sha256 = "fc64484f6df5bda175a22e1354c38816834cdac4d89cf9372765972e5553c90c", .kind = HOOK_VALUE,
     .what = "kobest/utils.wic_doc_to_text", .formula =
     "{{ fill(text[0]) }}"},
    {.sha256 = "335266520b3a4fda2cbd16ac8ee70f8feed526407a39cf63cfdf2b3721cecd77", .kind = HOOK_VALUE,
     .what = "leaderboard/mmlu_pro/utils.doc_to_text", .formula =
     "{% set n = namespace(s=fill(text[0])) %}{% for o in doc['options'] %}{% set n.s = n.s + "
     "fill(text[2], string={'ascii_uppercase': 'ABCDEFGHIJKLMNOPQRSTUVWXYZ'}, i=loop.index0) %}{% endfor "
     "%}{{ n.s + text[3] }}"},
    {.sha256 = "9c89ea79080ea4180618b8a9595cd7ba1d9a4f0177fc84f1e7bec693437c2875", .kind = HOOK_VALUE,
     .what = "leaderboard/mmlu_pro/utils.doc_to_choice", .formula =
     "{% set out = [] %}{% for o in doc['options'] %}{% set _ = "
     "out.append('ABCDEFGHIJKLMNOPQRSTUVWXYZ'[loop.index0]) %}{% endfor %}{{ out }}"},
    {.sha256 = "4380e8aa0d8b95f9c5e65af9fc2bf196ff6dc3b377d4b2b6e8cbe0d4c55f2fb8", .kind = HOOK_VALUE,
     .what = "leaderboard/musr/utils.doc_to_text", .formula =
     "{% set n = namespace(s='') %}{% for c in literal(doc['choices']) %}{% set n.s = n.s + fill(text[2], "
     "i=loop.index0, choice=c) %}{% endfor %}{{ fill(const['DOC_TO_TEXT'], narrative=doc['narrative'], "
     "question=doc['question'], choices=n.s) }}"},
    {.sha256 = "ee8d4d2d4d0312ef8a27eaf5d3c3754f8a2e53fcbe1821d10220a747dffb4486", .kind = HOOK_VALUE,
     .what = "logiqa/utils_logiqa.doc_to_text", .formula =
     "{% set n = namespace(s=text[4] + doc['context'] + text[6] + text[7] + doc['question'] + text[9]) %}"
     "{% for o in doc['options'][:4] %}{% set n.s = n.s + fill(text[11], choice=text[loop.index0], "
     "option=o) %}{% endfor %}{{ n.s + text[12] }}"},
    {.sha256 = "db8b790719694efac51c00d114827617724aec71384cc36214e3dff6e3f3c7d2", .kind = HOOK_VALUE,
     .what = "logiqa2/utils_logiqa2.doc_to_text", .formula =
     "{% set n = namespace(s=text[4] + doc['text'] + text[6] + text[7] + doc['question'] + text[9]) %}{% "
     "for o in doc['options'][:4] %}{% set n.s = n.s + fill(text[11], choice=text[loop.index0], option=o) "
     "%}{% endfor %}{{ n.s + text[12] }}"},
    {.sha256 = "2aeda69a3389557807f81f9a8c9fbc00407b004b332a071f737be2012a5086aa", .kind = HOOK_VALUE,
     .what = "logiqa/utils_logiqa.doc_to_target", .formula =
     "{{ text[:4].index(doc['label'].strip()) }}"},
    {.sha256 = "d0a39668aca9fb4e07cf5a344c9648dc43c2fbf755f8815305a4eccb0a005155", .kind = HOOK_VALUE,
     .what = "mathqa/utils.doc_to_choice", .formula =
     "{% set out = [] %}{% for c in findall(text[1], doc['options']) %}{% set _ = "
     "out.append(c[4:].rstrip(text[0])) %}{% endfor %}{{ out }}"},
    {.sha256 = "5bc457976234d818ae2ba3a3e13d70ecfcd47451cb27841d9d3993ba65670386", .kind = HOOK_VALUE,
     .what = "medmcqa/utils_medmcqa.doc_to_text", .formula =
     "{% set n = namespace(s=text[8] + doc['question'] + text[10]) %}{% for k in text[:4] %}{% set n.s = "
     "n.s + fill(text[11], choice=text[4 + loop.index0], option=doc[k]) %}{% endfor %}{{ n.s + text[12] }}"},
    {.sha256 = "b892f63bc479591432ed13b24b3e54cb1019b7cbcf7d9dfe7e94701d36ad413a", .kind = HOOK_VALUE,
     .what = "medqa/preprocess_medqa.doc_to_text", .formula =
     "{% set n = namespace(s='') %}{% for i in range(4) %}{% set n.s = n.s + fill(text[9], k=text[2 * i], "
     "v=doc[text[2 * i + 1]]) %}{% endfor %}{{ fill(text[10], answers=n.s) }}"},
    {.sha256 = "acaf7e2a3d281f649a73f5b2258f2ff12c499c89c91a3d1e9e21e81df17512f1", .kind = HOOK_VALUE,
     .what = "medqa/preprocess_medqa.doc_to_target", .formula =
     "{{ doc['label'] }}"},
    {.sha256 = "6cae036faba87fd53ad088d3e806c75929650ac587150b5e83608387d3e7168c", .kind = HOOK_VALUE,
     .what = "eus_reading/utils.doc_to_choice", .formula =
     "{{ const['letters'][:doc['candidates']|length] }}"},
    {.sha256 = "2536d41a5c88a0e7bf374531bdb72327d9ff701d4b4b1014b6e87b9f795b25cf", .kind = HOOK_VALUE,
     .what = "eus_reading/utils.doc_to_text_context", .formula = lettered_choices},
    {.sha256 = "d936cec6c52aaaa269174e1c6125410736c06cdc64e2d9544119a69b33c85c2b", .kind = HOOK_VALUE,
     .what = "eus_trivia/utils.doc_to_text", .formula = lettered_choices},
    {.sha256 = "4d50314fed518541624187087b69485610d70d19ce1546b48e5024259089f741", .kind = HOOK_VALUE,
     .what = "noreval/norquad/utils.p0", .formula = norquad},
    {.sha256 = "8486836c6de08bb048563aa323f69a667ad1edc09507fd90845764f86b8021a8", .kind = HOOK_VALUE,
     .what = "noreval/norquad/utils.p1", .formula = norquad},
    {.sha256 = "6026529a4b0c9865ccd9944158d7c8bcffec9a9dc65df6b17f1aa7d734b9b4b8", .kind = HOOK_VALUE,
     .what = "noreval/norquad/utils.p2", .formula = norquad},
    {.sha256 = "125ddf54101a6208d8065ac86cc212fa9ebcd2c25af78eb2217f586794f5d2c0", .kind = HOOK_VALUE,
     .what = "noreval/norquad/utils.p3", .formula = norquad},
    {.sha256 = "ca733e6e673c65e87f0ddbd50683b68324fa145f533668d22c9b6ef0d8b39e42", .kind = HOOK_VALUE,
     .what = "noreval/norquad/utils.p4", .formula = norquad},
    {.sha256 = "160120e30cec036a6edbcf6434b20303754532ff1deedd723fac73543b0cb807", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nno/utils.p0_nn", .formula =
     "{{ fill(text[0], question=doc['question']) }}"},
    {.sha256 = "2af9a47c51ed585eb9ce1df4d8be8a4e9103aaed7c4966cde253434af4c21ae4", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nno/utils.p1_nn", .formula = norwegian_truthfulqa},
    {.sha256 = "cbcc37abbd74095f86b5c7d81ddc811036a436d836172214094abbdff545f10a", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nno/utils.p2_nn", .formula = norwegian_truthfulqa},
    {.sha256 = "f0bf14ef968798d75f2ead6e77ef3c0daf2900d33ddd63dd02203eae5ff4a5b6", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nno/utils.p3_nn", .formula = norwegian_truthfulqa},
    {.sha256 = "9c3a13ab9cc45bbb793b410b1be1f8d08eb0c14643e10eae3f0c42ea51220d6c", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nno/utils.p4_nn", .formula = norwegian_truthfulqa},
    {.sha256 = "17e3130a883685807af6d20d36bcbb1ed54a7c48893aab1ee2ad7e793708a527", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nno/utils.p1_nn", .formula = quiz},
    {.sha256 = "4a8ea0ec0d31697e057493efa87ab47fa18bf6d2471170ad16245cb43b74f8ed", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nno/utils.p4_nn", .formula = quiz},
    {.sha256 = "b0265bca87acae1fac6a561178656444107ed919f4eb6743147ea8c79bec8fde", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nno/utils.p3_nn", .formula = quiz_asking},
    {.sha256 = "d6eea70bc1ff3a9b901488b64307935ecd856adc2f8fa18c36af77dc8dd95798", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nno/utils.p2_nn", .formula = quiz_with_choices},
    {.sha256 = "1655685e7750b845ce22ff157525c3b46ee6b22087b4f2e54df1db7f7119a0b5", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nob/utils.p0_nb", .formula =
     "{{ fill(text[0], question=doc['question']) }}"},
    {.sha256 = "cb9db0a6e59a2a5c6aa0cf89614443fd11eadf198c80efdaf350acef5dd80a32", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nob/utils.p1_nb", .formula = norwegian_truthfulqa},
    {.sha256 = "8ad30a3bc706fe805f948a72f19f68cd8a5cd6a6c1520e3746acd588eeb4eb23", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nob/utils.p2_nb", .formula = norwegian_truthfulqa},
    {.sha256 = "0e8ea6317fa43bacfda8a33882f44f66d7ec0771e4329b3e7cb5360bb83402bd", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nob/utils.p3_nb", .formula = norwegian_truthfulqa},
    {.sha256 = "28a7b45e2822b5d0b162d86dd7d71121856adbb1495416e9ca5b2027fde8ec3f", .kind = HOOK_VALUE,
     .what = "noreval/nortruthfulqa/multiple_choice/nob/utils.p4_nb", .formula = norwegian_truthfulqa},
    {.sha256 = "cc928be6a106d50796bffea6455988016959b5bd3d168d74fd10aaecadc1901c", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nob/utils.p1_nb", .formula = quiz},
    {.sha256 = "d1a565808359bc078a1c0a600c7250e3e9b798d5ebc1dfa8e731dc3668bbcd3c", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nob/utils.p4_nb", .formula = quiz},
    {.sha256 = "9fa07800e69c4003e30ac881152e2e09e633ae7f020acb8318488200846f5ae4", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nob/utils.p3_nb", .formula = quiz_asking},
    {.sha256 = "930b18205a19e08140b189267a2dfc6a0f786f12a6ee4f6c07660b5f1a782523", .kind = HOOK_VALUE,
     .what = "noreval/nrk_quiz_qa/nob/utils.p2_nb", .formula = quiz_with_choices},
    {.sha256 = "43528eee61666d94ae9ac3d58bcd3a0c38182a8898f996f536be9de1d3655740", .kind = HOOK_VALUE,
     .what = "pubmedqa/preprocess_pubmedqa.doc_to_text", .formula =
     "{{ text[2].format('\\n'.join(doc['CONTEXTS']), doc['QUESTION']) }}"},
    {.sha256 = "d84a9c174d619b0a84ee3837a4bb9c64cf7eef253d302944b523cf892754deaf", .kind = HOOK_VALUE,
     .what = "race/preprocess_race.doc_to_text", .formula =
     "{% set all = literal(doc['problems']) %}{% set n = namespace(s=text[0] + doc['article'] + text[2]) "
     "%}{% for p in all[:-1] %}{% set answer = p['options']['ABCD'.index(p['answer'])] %}{% set n.s = n.s "
     "+ (p['question'][:-5] + answer + text[7] if p['question'][-6:] == text[5] else text[8] + "
     "p['question'] + text[10] + text[11] + answer + text[12]) %}{% endfor %}{{ n.s + all[-1]['question'] "
     "}}"},
    {.sha256 = "f01c853f653c42b22d69676f501563d468e0154ede751d0392ef4564912c64ba", .kind = HOOK_VALUE,
     .what = "race/preprocess_race.doc_to_target", .formula =
     "{{ text.index(literal(doc['problems'])[-1]['answer']) }}"},
    {.sha256 = "86a8059678a634181a6f550c925ca80c8a33ca111015b54e07a3b8f036ccdbda", .kind = HOOK_VALUE,
     .what = "race/preprocess_race.doc_to_choice", .formula =
     "{% set o = literal(doc['problems'])[-1]['options'] %}{{ [o[0], o[1], o[2], o[3]] }}"},
    {.sha256 = "41e8a7638c4a83a0ca96b6e8d78802732a6af5a1b8837df7a94ddea3b633d4e8", .kind = HOOK_VALUE,
     .what = "super_glue/record/util.doc_to_text", .formula =
     "{% set parts = doc['passage'].strip().split(text[1]) %}{% set n = namespace(s=parts[0] + text[2]) %}"
     "{% for p in parts[1:] %}{% set n.s = n.s + fill(text[3], highlight=p) %}{% endfor %}{{ n.s }}"},
    {.sha256 = "3fe2d9559f32188e949fa5a495242db9515965a4e859b7a0530564b828e43696", .kind = HOOK_VALUE,
     .what = "super_glue/record/util.doc_to_target", .formula =
     "{{ fill(text[2], query=doc['query']).replace(text[3], doc['answers'][0]) }}"},
    {.sha256 = "d4440d918984c6083512b963e088a28b5d6d7e700d1a714abf2cc6adbb610c30", .kind = HOOK_VALUE,
     .what = "super_glue/record/util.doc_to_choice", .formula =
     "{% set out = [] %}{% for e in doc['entities'] %}{% set _ = out.append(fill(text[2], "
     "query=doc['query']).replace(text[3], e)) %}{% endfor %}{{ out }}"},
    {.sha256 = "bf0e3751be518f14f389b5ba4c243753181b6b8a95051687f959cfbb4829d76b", .kind = HOOK_VALUE,
     .what = "super_glue/wsc/preprocess_wsc.default_doc_to_text", .formula =
     "{% macro detok(s) %}{{ s.replace(\" n't\", \"n't\").replace(\" )\", \")\").replace(\"( \", "
     "\"(\").replace('\" ', '\"').replace(' \"', '\"')|regex_replace(\" (['.,])\", \"\\\\1\") }}{% endmacro %}"
     "{% set pre = ' '.join(doc['text'].split()[:doc['span2_index']]) %}{% set pronoun = "
     "doc['span2_text'] %}{% set passage = detok(pre + text[4].format(pronoun) + doc['text'][pre|length + "
     "pronoun|length + 1:]) %}{{ fill(text[8], passage=passage) + fill(text[9], pronoun=pronoun, "
     "noun=doc['span1_text']) + text[10] }}"},
    {.sha256 = "5deb71a99ad81dde1be31b83bbf67a37d2f1fe0dbf4526c90f9c458d25416f60", .kind = HOOK_VALUE,
     .what = "toxigen/utils.doc_to_target", .formula =
     "{{ 1 if doc['toxicity_ai'] + doc['toxicity_human'] > 5.5 else 0 }}"},
    {.sha256 = "0bca0d878fc32f0aa9641ec2de7af0f6d36d0f14774e1342b8bd9514fd5c2aeb", .kind = HOOK_VALUE,
     .what = "webqs/utils.doc_to_choice", .formula =
     "{% set all = doc['answers']|sort(case_sensitive=true) %}{% set out = [all[0]] %}{% for a in all[1:] "
     "%}{% if not a.startswith(out[-1]) %}{% set _ = out.append(a) %}{% endif %}{% endfor %}{{ out }}"},
    {.sha256 = "bb96278f078717b7646150da35ea04c8868a012569ffe4b62da1cc3d1b8ba867", .kind = HOOK_VALUE,
     .what = "webqs/utils.doc_to_target", .formula =
     "{% set all = doc['answers']|sort(case_sensitive=true) %}{% set out = [all[0]] %}{% for a in all[1:] "
     "%}{% if not a.startswith(out[-1]) %}{% set _ = out.append(a) %}{% endif %}{% endfor %}{{ "
     "range(out|length)|list }}"},
    {.sha256 = "9646a488ebb3dfc07fcf862b465b2a6e6a623d16f5e3ad20b44ca95cdefa0b0f", .kind = HOOK_VALUE,
     .what = "wikitext/preprocess_wikitext.wikitext_detokenizer", .formula =
     "{% set n = namespace(s=doc['page'].replace(text[1], text[2])|regex_replace(text[3], text[4])) %}{% "
     "for i in range(5, 23, 2) %}{% set n.s = n.s.replace(text[i], text[i + 1]) %}{% endfor %}{% for i in "
     "range(23, 33, 2) %}{% set n.s = n.s|regex_replace(text[i], text[i + 1]) %}{% endfor %}{% for i in "
     "range(33, 39, 2) %}{% set n.s = n.s.replace(text[i], text[i + 1]) %}{% endfor %}{% set n.s = "
     "n.s.replace(' ° ', '°') %}{% for i in range(41, 49, 2) %}{% set n.s = n.s.replace(text[i], text[i + "
     "1]) %}{% endfor %}{{ n.s }}"},
    {.sha256 = "2e00e6f9109391f240faf7dc9e5ab868feaacc14fc928adf46e94e8df97b9196", .kind = HOOK_VALUE,
     .what = "c4/preprocess_c4.c4_detokenizer", .formula =
     "{% set n = namespace(s=doc['text'].replace(text[1], text[2])|regex_replace(text[3], text[4])) %}{% "
     "for i in range(5, 23, 2) %}{% set n.s = n.s.replace(text[i], text[i + 1]) %}{% endfor %}{% for i in "
     "range(23, 33, 2) %}{% set n.s = n.s|regex_replace(text[i], text[i + 1]) %}{% endfor %}{% for i in "
     "range(33, 39, 2) %}{% set n.s = n.s.replace(text[i], text[i + 1]) %}{% endfor %}{% set n.s = "
     "n.s.replace(' ° ', '°') %}{% for i in range(41, 49, 2) %}{% set n.s = n.s.replace(text[i], text[i + "
     "1]) %}{% endfor %}{{ n.s }}"},
    {.sha256 = "dcd7f2d4c2eaed96be8a5b0e026b7817a4af068f6c2e662e986f7eb609187359", .kind = HOOK_VALUE,
     .what = "french_bench/preprocess_wikitext.wikitext_detokenizer", .formula =
     "{% set n = namespace(s=doc['paragraph'].replace(text[1], text[2])|regex_replace(text[3], text[4])) "
     "%}{% for i in range(5, 23, 2) %}{% set n.s = n.s.replace(text[i], text[i + 1]) %}{% endfor %}{% for "
     "i in range(23, 33, 2) %}{% set n.s = n.s|regex_replace(text[i], text[i + 1]) %}{% endfor %}{% for i "
     "in range(33, 39, 2) %}{% set n.s = n.s.replace(text[i], text[i + 1]) %}{% endfor %}{% set n.s = "
     "n.s.replace(' ° ', '°') %}{% for i in range(41, 49, 2) %}{% set n.s = n.s.replace(text[i], text[i + "
     "1]) %}{% endfor %}{{ n.s }}"},
    {.sha256 = "9e73b882b5aad6f1b8bb818f5a5cf256b8f2eb8249cc1ca01fdbce499972572c", .kind = HOOK_VALUE,
     .what = "careqa/utils.doc_to_target", .formula =
     "{{ doc['cop'] - 1 }}"},
    {.sha256 = "ec640c2c9fe921b993b7623998077c6e18dd19fe3cf0e53e4b1e3bebe5b09ddc", .kind = HOOK_VALUE,
     .what = "careqa/utils_open.doc_to_text", .formula =
     "{{ doc['question'] }}"},
    {.sha256 = "a01703309eb4619f6a0d7dc89129af72154989e8e3d2246070bfd89115f3d84c", .kind = HOOK_VALUE,
     .what = "careqa/utils_open.doc_to_target", .formula =
     "{{ doc['answer'] }}"},
    {.sha256 = "d50324300b6c5b4100ed46f674d8922d3c4bcef97685b8c5fdf8a27a49c600b7", .kind = HOOK_VALUE,
     .what = "meddialog/utils.doc_to_text_qsumm", .formula =
     "{{ doc['src'] }}"},
    {.sha256 = "771bddcf06966da6a04adcc8a458f03baedcabfb86044e0d82c75e5a01d98175", .kind = HOOK_VALUE,
     .what = "meddialog/utils.doc_to_target_qsumm", .formula =
     "{{ doc['tgt'] }}"},
    {.sha256 = "1a8fabd58c0207125122fef18852dc6528f5e85724f430962db25ef4c4beedc6", .kind = HOOK_VALUE,
     .what = "meddialog/utils.doc_to_text_raw", .formula =
     "{{ doc['description'] }}"},
    {.sha256 = "525524cf83a9266a2e05d1b7fcb6776597dbdc72b8c6bcaebaec4618ca62d9e5", .kind = HOOK_VALUE,
     .what = "meddialog/utils.doc_to_target_raw", .formula =
     "{{ doc['utterances']['utterance'][1] }}"},
    {.sha256 = "775760bad5f4575a395451a68e23b19bd47beb5cefeec5a77833b946630fe8fb", .kind = HOOK_VALUE,
     .what = "medtext/utils.doc_to_text", .formula =
     "{{ doc['Prompt'] }}"},
    {.sha256 = "32f518c26708fedf53d919d5f7e9e11ae1015e0c3e0b56c180ceb0c2d2d63e0f", .kind = HOOK_VALUE,
     .what = "medtext/utils.doc_to_target", .formula =
     "{{ doc['Completion'] }}"},
    {.sha256 = "ed7992763762f4ad1dd9e2966677ea711dc203bcf00af34740921fbdf6a45acd", .kind = HOOK_VALUE,
     .what = "mts_dialog/utils.doc_to_text", .formula =
     "{{ doc['dialogue'] }}"},
    {.sha256 = "1677dcd009ca78b10e7b088ab082e41efc9685958b45c543ca164b35f59a75be", .kind = HOOK_VALUE,
     .what = "mts_dialog/utils.doc_to_target", .formula =
     "{{ doc['section_text'] }}"},
    {.sha256 = "d5c952a9767c12270a2ca586b87cbe900c2a23903f4dbefa604fb4716860a5a6", .kind = HOOK_VALUE,
     .what = "meqsum/utils.doc_to_target", .formula =
     "{{ doc['Summary'] }}"},
    {.sha256 = "fc3cde8360b37dacf6f001cde2ee81d11312058f4397af718d63bef10921438a", .kind = HOOK_VALUE,
     .what = "mediqa_qa2019/utils.doc_to_text", .formula =
     "{{ doc['QUESTION']['QuestionText'] }}"},
    {.sha256 = "174249d9b30da767ed7cd64be35dd39973b54ecd3baf436281a1db9d8335d2be", .kind = HOOK_VALUE,
     .what = "mediqa_qa2019/utils.doc_to_target", .formula =
     "{{ doc['QUESTION']['AnswerList'][0]['Answer']['AnswerText'] }}"},
    {.sha256 = "046347daf2f276d4b23b56f87391218f7ce8d6fe3da942d422b190096f06d5d1", .kind = HOOK_VALUE,
     .what = "mediqa_qa2019/utils_perplexity.doc_to_target", .formula =
     "{{ doc['QUESTION']['AnswerList'][0]['Answer']['AnswerText'] }}"},
    {.sha256 = "c05396878d60fbf98775486da2078ff01c6c5e284d9f035f4d1d8833e06fdbcf", .kind = HOOK_VALUE,
     .what = "olaph/utils.doc_to_text", .formula =
     "{{ doc['Question'] }}"},
    {.sha256 = "92650ec5d7884882d077d553a6c3e49cad08a7b11a807f4c24260817cfa3c610", .kind = HOOK_VALUE,
     .what = "olaph/utils.doc_to_target", .formula =
     "{{ doc['Free_form_answer'] }}"},
    {.sha256 = "7312e8b2dbefdb571cfd60f36ea8bdab939e54783337d9d1495f16ffd70b7ea5", .kind = HOOK_VALUE,
     .what = "meqsum/utils.doc_to_text", .formula =
     "{% set at = doc['CHQ'].find(text[1]) %}{{ doc['CHQ'][at + 9:] if at != -1 else doc['CHQ'] }}"},
    {.sha256 = "c481482e3d7bfa71998573d0567d1668ba0b81f36c8c8d081e1a2c6126e32cef", .kind = HOOK_VALUE,
     .what = "med_text_classification/utils.doc_to_choice_easy", .formula =
     "{{ text }}"},
    {.sha256 = "3b6244e1fdd439e314037634b6eae9d29ab048e8e36086f6d713eb0c0b0729ee", .kind = HOOK_VALUE,
     .what = "med_text_classification/utils.doc_to_target_easy", .formula =
     "{{ int(doc['class']) - 1 }}"},
    {.sha256 = "bc7b1648d88e6fb948c178da58fdfae20b6279b7482ead4d3a6ade38ec1b1a18", .kind = HOOK_VALUE,
     .what = "coqa/utils.doc_to_text", .formula =
     "{% set q, a = doc['questions']['input_text'], doc['answers']['input_text'][:-1] %}{% set n = "
     "namespace(s=doc['story'] + text[1]) %}{% for i in range([q|length, a|length]|max) %}{% set n.s = "
     "n.s + fill(text[6], q=q[i] if i < q|length else none) + (fill(text[7], a=a[i]) if i < a|length and "
     "a[i] is not none else text[8]) %}{% endfor %}{{ n.s }}"},
    {.sha256 = "8422f398f66935d91799f488d0790c569b0d83efb613e78fc38d476527c467d9", .kind = HOOK_VALUE,
     .what = "coqa/utils.doc_to_target", .formula =
     "{% set turn = doc['questions']['input_text']|length - 1 %}{% set out = "
     "[doc['answers']['input_text'][turn]] %}{% set more = doc.get('additional_answers') %}{% for k in "
     "(more or {}) %}{% set a = more[k]['input_text'][turn] %}{% if a.lower() not in out|map('lower') %}"
     "{% set _ = out.append(a) %}{% endif %}{% endfor %}{{ out }}"},
    {.sha256 = NULL},
};
