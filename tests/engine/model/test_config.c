#include <criterion/criterion.h>

#include "engine/model/family.h"
#include "tests/support/support.h"

static enum carat_err parse(const char *text, struct model_config *out, struct err *err)
{
    json_t *root = NULL;
    cr_assert_eq(json_read(str_from(text), "text", 0, &root, err), CARAT_OK, "%s", err->msg);
    enum carat_err rc = config_parse(root, "x/config.json", out, err);
    json_decref(root);
    return rc;
}

static struct model_config good(const char *text)
{
    struct model_config c;
    struct err err = ERR_INIT;
    cr_assert_eq(parse(text, &c, &err), CARAT_OK, "%s: %s", text, err.msg);
    return c;
}

Test(config, what_is_left_out_is_the_class_default)
{
    struct model_config c = good("{\"model_type\": \"gemma\"}");
    cr_assert(c.n_layers == 28 && c.hidden == 3072 && c.head_dim == 256 && c.tied && c.act == ACT_GELU_TANH);
    cr_assert_eq(c.embed_scale, (float)55.42562584220407);
    cr_assert_eq(c.attn_scale, 0.0625f);
    c = good("{\"model_type\": \"llama\"}");
    cr_assert(c.n_kv_heads == 32 && c.head_dim == 128 && !c.tied && c.act == ACT_SILU && c.eos[0] == 2);
    c = good("{\"model_type\": \"llama\", \"num_attention_heads\": 8, \"hidden_size\": 96}");
    cr_assert(c.n_kv_heads == 8 && c.head_dim == 12);
    c = good("{\"model_type\": \"llama\", \"vocab_size\": 1}");
    cr_assert(c.bos == -1 && c.n_eos == 0, "a default end outside the vocabulary is none");
    c = good("{\"model_type\": \"mistral\"}");
    cr_assert(c.window == 4096 && c.local[0] && c.local[31] && c.n_kv_heads == 8);
}

Test(config, a_null_that_the_class_takes_is_what_the_class_makes_of_it)
{
    struct model_config c = good("{\"model_type\": \"llama\", \"head_dim\": null, \"num_key_value_heads\": null}");
    cr_assert(c.head_dim == 128 && c.n_kv_heads == 32);
    c = good("{\"model_type\": \"falcon\", \"ffn_hidden_size\": null, \"num_ln_in_parallel_attn\": null}");
    cr_assert(c.inter == 4 * 4544 && c.n_kv_heads == 1 && c.parallel);
    c = good("{\"model_type\": \"falcon\", \"multi_query\": null, \"parallel_attn\": null, \"attention_bias\": null}");
    cr_assert(c.n_kv_heads == 71 && !c.parallel, "null is no, though the class default is yes");
}

Test(config, both_styles_of_transformers_say_the_same)
{
    struct model_config a = good("{\"model_type\": \"gemma3_text\", \"rope_theta\": 5e5, \"rope_local_base_freq\": 2e4,"
                                 "\"rope_scaling\": {\"rope_type\": \"linear\", \"factor\": 8}}");
    struct model_config b =
        good("{\"model_type\": \"gemma3_text\", \"dtype\": \"bfloat16\", \"rope_parameters\": {\"full_attention\":"
             "{\"rope_theta\": 5e5, \"rope_type\": \"linear\", \"factor\": 8.0}, \"sliding_attention\":"
             "{\"rope_theta\": 2e4, \"rope_type\": \"default\"}}}");
    for (size_t i = 0; i < ROPE_KINDS; i++)
        cr_assert(a.rope[i].theta == b.rope[i].theta && a.rope[i].factor == b.rope[i].factor, "%zu", i);
    cr_assert(a.rope[ROPE_GLOBAL].factor == 8 && a.rope[ROPE_LOCAL].factor == 1 && a.rope[ROPE_LOCAL].theta == 2e4);
    a = good("{\"model_type\": \"llama\", \"rope_parameters\": {\"rope_theta\": 7e4, \"rope_type\": \"default\"}}");
    cr_assert_eq(a.rope[ROPE_GLOBAL].theta, 7e4);
}

Test(config, local_layers_follow_pattern_list_or_null)
{
    struct model_config c = good("{\"model_type\": \"gemma2\", \"num_hidden_layers\": 4}");
    cr_assert(c.local[0] && !c.local[1] && c.local[2] && !c.local[3]);
    c = good("{\"model_type\": \"gemma3_text\", \"num_hidden_layers\": 7}");
    cr_assert(c.local[4] && !c.local[5] && c.local[6]);
    c = good("{\"model_type\": \"gemma2\", \"num_hidden_layers\": 2,"
             "\"layer_types\": [\"full_attention\", \"sliding_attention\"]}");
    cr_assert(!c.local[0] && c.local[1]);
    c = good("{\"model_type\": \"mistral\", \"sliding_window\": null}");
    cr_assert(c.window == 0 && !c.local[0]);
}

Test(config, the_language_model_of_a_multimodal_folder)
{
    struct model_config c = good("{\"model_type\": \"gemma3\", \"architectures\": [\"Gemma3ForConditionalGeneration\"],"
                                 "\"eos_token_id\": [1, 106], \"text_config\": {\"hidden_size\": 2560,"
                                 "\"num_hidden_layers\": 34, \"sliding_window\": 1024}, \"vision_config\": {}}");
    cr_assert(c.hidden == 2560 && c.n_layers == 34 && c.window == 1024 && c.n_eos == 2 && c.eos[1] == 106);
    cr_assert_str_eq(c.architecture, "Gemma3ForConditionalGeneration");
}

Test(config, gelu_means_tanh_in_the_first_gemma_files_alone)
{
    cr_assert_eq(good("{\"model_type\": \"gemma\", \"hidden_act\": \"gelu\"}").act, ACT_GELU_TANH);
    cr_assert_eq(good("{\"model_type\": \"gemma\", \"hidden_act\": \"gelu\", \"hidden_activation\": null}").act,
                 ACT_GELU_TANH);
}

static const struct {
    const char *text;
    enum carat_err code;
    const char *word;
} BAD[] = {
    {"[]", CARAT_EINPUT, "no JSON object"},
    {"{}", CARAT_EINPUT, "model_type"},
    {"{\"model_type\": \"mamba\"}", CARAT_EUNSUPPORTED, "mamba"},
    {"{\"model_type\": \"gemma\", \"architectures\": [\"GemmaForSequenceClassification\"]}", CARAT_EUNSUPPORTED,
     "GemmaForSequenceClassification"},
    {"{\"model_type\": \"gemma\", \"architectures\": [\"LlamaForCausalLM\"]}", CARAT_EUNSUPPORTED, "LlamaForCausalLM"},
    {"{\"model_type\": \"gemma\", \"hidden_activation\": \"gelu\"}", CARAT_EUNSUPPORTED, "gelu"},
    {"{\"model_type\": \"llama\", \"hidden_act\": \"relu\"}", CARAT_EUNSUPPORTED, "hidden_act"},
    {"{\"model_type\": \"llama\", \"hidden_act\": 3}", CARAT_EUNSUPPORTED, "hidden_act"},
    {"{\"model_type\": \"mistral\", \"attention_bias\": true}", CARAT_EUNSUPPORTED, "attention_bias"},
    {"{\"model_type\": \"mistral\", \"mlp_bias\": true}", CARAT_EUNSUPPORTED, "mlp_bias"},
    {"{\"model_type\": \"llama\", \"mlp_bias\": 1}", CARAT_EINPUT, "mlp_bias"},
    {"{\"model_type\": \"llama\", \"quantization_config\": {}}", CARAT_EUNSUPPORTED, "quantization_config"},
    {"{\"model_type\": \"llama\", \"sliding_window\": 5}", CARAT_EUNSUPPORTED, "sliding_window"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"rope_type\": \"yarn\", \"factor\": 2}}", CARAT_EUNSUPPORTED,
     "yarn"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"factor\": 2}}", CARAT_EUNSUPPORTED, "rope_scaling"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": 2}", CARAT_EINPUT, "rope_scaling"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 0}}", CARAT_EINPUT, "factor 0"},
    {"{\"model_type\": \"llama\", \"partial_rotary_factor\": 0.5}", CARAT_EUNSUPPORTED, "partial_rotary_factor"},
    {"{\"model_type\": \"llama\", \"rope_theta\": \"x\"}", CARAT_EINPUT, "rope_theta"},
    {"{\"model_type\": \"llama\", \"rope_theta\": 0}", CARAT_EINPUT, "rope_theta"},
    {"{\"model_type\": \"llama\", \"hidden_size\": -1}", CARAT_EINPUT, "hidden_size"},
    {"{\"model_type\": \"llama\", \"hidden_size\": 1e3}", CARAT_EINPUT, "hidden_size"},
    {"{\"model_type\": \"llama\", \"hidden_size\": 99999999999}", CARAT_EINPUT, "hidden_size"},
    {"{\"model_type\": \"llama\", \"num_hidden_layers\": 513}", CARAT_EINPUT, "num_hidden_layers"},
    {"{\"model_type\": \"llama\", \"num_key_value_heads\": 5}", CARAT_EINPUT, "5 key-value heads"},
    {"{\"model_type\": \"llama\", \"head_dim\": 7}", CARAT_EINPUT, "head_dim of 7"},
    {"{\"model_type\": \"llama\", \"rms_norm_eps\": -1}", CARAT_EINPUT, "rms_norm_eps"},
    {"{\"model_type\": \"llama\", \"eos_token_id\": 32000}", CARAT_EINPUT, "eos_token_id"},
    {"{\"model_type\": \"llama\", \"bos_token_id\": -1}", CARAT_EINPUT, "bos_token_id"},
    {"{\"model_type\": \"llama\", \"eos_token_id\": [1,2,3,4,5,6,7,8,9]}", CARAT_EUNSUPPORTED, "9 eos_token_id"},
    {"{\"model_type\": \"gemma2\", \"query_pre_attn_scalar\": 1e308}", CARAT_EINPUT, "query_pre_attn_scalar"},
    {"{\"model_type\": \"gemma2\", \"sliding_window\": null}", CARAT_EINPUT, "sliding_window"},
    /* nulls that the class does not take */
    {"{\"model_type\": \"gemma\", \"hidden_act\": null}", CARAT_EINPUT, "hidden_act is null"},
    {"{\"model_type\": \"gemma\", \"head_dim\": null}", CARAT_EINPUT, "head_dim is null"},
    {"{\"model_type\": \"gemma2\", \"hidden_activation\": null}", CARAT_EINPUT, "hidden_activation is null"},
    {"{\"model_type\": \"gemma2\", \"query_pre_attn_scalar\": null}", CARAT_EINPUT, "query_pre_attn_scalar is null"},
    {"{\"model_type\": \"llama\", \"rms_norm_eps\": null}", CARAT_EINPUT, "rms_norm_eps is null"},
    {"{\"model_type\": \"llama\", \"tie_word_embeddings\": null}", CARAT_EINPUT, "tie_word_embeddings is null"},
    {"{\"model_type\": \"falcon\", \"layer_norm_epsilon\": null}", CARAT_EINPUT, "layer_norm_epsilon is null"},
    {"{\"model_type\": \"falcon\", \"activation\": null}", CARAT_EINPUT, "activation is null"},
    {"{\"model_type\": \"gemma3\", \"text_config\": {\"vocab_size\": null}}", CARAT_EINPUT, "vocab_size is null"},
    /* strings that C would cut short */
    {"{\"model_type\": \"llama\\u0000x\"}", CARAT_EINPUT, "model_type is not a plain string"},
    {"{\"model_type\": \"llama\", \"architectures\": [\"LlamaForCausalLM\\u0000\"]}", CARAT_EINPUT, "architectures"},
    {"{\"model_type\": \"llama\", \"hidden_act\": \"silu\\u0000x\"}", CARAT_EUNSUPPORTED, "hidden_act"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"type\": \"linear\\u0000\", \"factor\": 2}}", CARAT_EINPUT, "type"},
    {"{\"model_type\": \"gemma2\", \"layer_types\": []}", CARAT_EINPUT, "layer_types"},
    {"{\"model_type\": \"gemma2\", \"num_hidden_layers\": 1, \"layer_types\": [\"chunked_attention\"]}",
     CARAT_EUNSUPPORTED, "chunked_attention"},
    {"{\"model_type\": \"gemma2\", \"attn_logit_softcapping\": -3}", CARAT_EINPUT, "attn_logit_softcapping"},
    {"{\"model_type\": \"gemma3_text\", \"use_bidirectional_attention\": true}", CARAT_EUNSUPPORTED,
     "use_bidirectional_attention"},
    /* read by one family, set for another */
    {"{\"model_type\": \"llama\", \"attn_logit_softcapping\": 50.0}", CARAT_EUNSUPPORTED, "attn_logit_softcapping"},
    {"{\"model_type\": \"gemma3_text\", \"attn_logit_softcapping\": 50.0}", CARAT_EUNSUPPORTED, "attn_logit_softcapping"},
    {"{\"model_type\": \"gemma\", \"final_logit_softcapping\": 30.0}", CARAT_EUNSUPPORTED, "final_logit_softcapping"},
    {"{\"model_type\": \"gemma3\", \"text_config\": {\"final_logit_softcapping\": 30.0}}", CARAT_EUNSUPPORTED,
     "final_logit_softcapping"},
    {"{\"model_type\": \"gemma2\", \"final_logit_softcapping\": 0}", CARAT_EINPUT, "final_logit_softcapping"},
    {"{\"model_type\": \"mistral\", \"query_pre_attn_scalar\": 64}", CARAT_EUNSUPPORTED, "query_pre_attn_scalar"},
    {"{\"model_type\": \"mistral\", \"num_hidden_layers\": 1, \"layer_types\": [\"full_attention\"]}", CARAT_EUNSUPPORTED,
     "layer_types"},
    {"{\"model_type\": \"llama\", \"num_hidden_layers\": 1, \"layer_types\": [\"sliding_attention\"]}", CARAT_EUNSUPPORTED,
     "layer_types"},
    {"{\"model_type\": \"gemma2\", \"sliding_window_pattern\": 6}", CARAT_EUNSUPPORTED, "sliding_window_pattern"},
    {"{\"model_type\": \"gemma3_text\", \"_sliding_window_pattern\": 2}", CARAT_EUNSUPPORTED, "_sliding_window_pattern"},
    {"{\"model_type\": \"qwen2\", \"use_sliding_window\": true}", CARAT_EUNSUPPORTED, "use_sliding_window"},
    {"{\"model_type\": \"llama\", \"is_causal\": false}", CARAT_EUNSUPPORTED, "is_causal"},
    {"{\"model_type\": \"llama\", \"per_layer_config\": {}}", CARAT_EUNSUPPORTED, "per_layer_config"},
    {"{\"model_type\": \"gemma\", \"hidden_act\": \"silu\"}", CARAT_EUNSUPPORTED, "hidden_act"},
    {"{\"model_type\": \"gemma3\", \"text_config\": {\"model_type\": \"llama\"}}", CARAT_EUNSUPPORTED, "llama"},
    /* ropes */
    {"{\"model_type\": \"gemma3_text\", \"rope_parameters\": {\"rope_type\": \"default\"}}", CARAT_EUNSUPPORTED,
     "rope_parameters"},
    {"{\"model_type\": \"llama\", \"rope_parameters\": {\"full_attention\": {}, \"sliding_attention\": {}}}",
     CARAT_EUNSUPPORTED, "rope_parameters"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"full_attention\": {\"rope_type\": \"default\"}}}", CARAT_EUNSUPPORTED,
     "rope_scaling"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"rope_type\": \"dynamic\", \"factor\": 2}}", CARAT_EUNSUPPORTED,
     "dynamic"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"rope_type\": \"longrope\"}}", CARAT_EUNSUPPORTED, "longrope"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"rope_type\": \"linear\"}}", CARAT_EINPUT, "no factor"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8}}", CARAT_EINPUT,
     "low_freq_factor"},
    {"{\"model_type\": \"llama\", \"rope_scaling\": {\"rope_type\": \"llama3\", \"factor\": 8, \"low_freq_factor\": 4,"
     "\"high_freq_factor\": 4}}", CARAT_EINPUT, "high_freq_factor"},
    /* Falcon */
    {"{\"model_type\": \"falcon\", \"alibi\": true}", CARAT_EUNSUPPORTED, "alibi"},
    {"{\"model_type\": \"falcon\", \"multi_query\": 3}", CARAT_EINPUT, "multi_query"},
    {"{\"model_type\": \"falcon\", \"new_decoder_architecture\": true, \"parallel_attn\": false}", CARAT_EUNSUPPORTED,
     "parallel_attn"},
    {"{\"model_type\": \"falcon\", \"num_ln_in_parallel_attn\": 2}", CARAT_EUNSUPPORTED, "num_ln_in_parallel_attn"},
    {"{\"model_type\": \"falcon\", \"multi_query\": false, \"num_kv_heads\": 1}", CARAT_EUNSUPPORTED, "num_kv_heads"},
    {"{\"model_type\": \"falcon\", \"layer_norm_epsilon\": -1}", CARAT_EINPUT, "layer_norm_epsilon"},
    {"{\"model_type\": \"RefinedWebModel\", \"architectures\": [\"RWForCausalLM\"]}", CARAT_EUNSUPPORTED, "RWForCausalLM"},
};

Test(config, llama3_scaling_in_both_styles)
{
    struct model_config a = good("{\"model_type\": \"llama\", \"rope_theta\": 500000.0, \"rope_scaling\": {\"rope_type\": \"llama3\","
                                 "\"factor\": 32.0, \"low_freq_factor\": 1.0, \"high_freq_factor\": 4.0,"
                                 "\"original_max_position_embeddings\": 8192}}");
    struct model_config b = good("{\"model_type\": \"llama\", \"rope_parameters\": {\"rope_type\": \"llama3\", \"rope_theta\": 5e5,"
                                 "\"factor\": 32, \"low_freq_factor\": 1, \"high_freq_factor\": 4,"
                                 "\"original_max_position_embeddings\": 8192}}");
    cr_assert(memcmp(&a.rope[0], &b.rope[0], sizeof a.rope[0]) == 0);
    cr_assert(a.rope[0].by_wave && a.rope[0].factor == 32 && a.rope[0].high == 4 && a.rope[0].original == 8192);
    a = good("{\"model_type\": \"llama\", \"max_position_embeddings\": 512, \"rope_scaling\": {\"rope_type\": \"llama3\","
             "\"factor\": 8, \"low_freq_factor\": 1, \"high_freq_factor\": 4}}");
    cr_assert_eq(a.rope[0].original, 512, "where it is not given");
    a = good("{\"model_type\": \"llama\", \"rope_scaling\": {\"type\": \"linear\", \"factor\": 2},"
             "\"rope_parameters\": {\"rope_type\": \"linear\", \"factor\": 4, \"rope_theta\": 7}}");
    cr_assert(a.rope[0].factor == 2 && a.rope[0].theta == 1e4, "rope_scaling stands in place of rope_parameters");
}

Test(config, falcon_says_in_flags_what_its_layers_are)
{
    struct model_config c = good("{\"model_type\": \"falcon\"}"); /* 7B */
    cr_assert(c.n_kv_heads == 1 && c.head_dim == 64 && c.inter == 4 * 4544 && c.parallel && c.ungated && c.layout == 0);
    cr_assert(c.act == ACT_GELU && c.norm_eps == 1e-5f && c.tied && c.bos == 11 && c.eos[0] == 11);
    c = good("{\"model_type\": \"falcon\", \"new_decoder_architecture\": true, \"num_kv_heads\": 8, \"hidden_size\": 8192,"
             "\"num_attention_heads\": 128, \"bias\": true}"); /* 40B's */
    cr_assert(c.n_kv_heads == 8 && (c.layout & LAYOUT_TWO_NORMS) && (c.layout & LAYOUT_QKV_BIAS) && c.parallel);
    c = good("{\"model_type\": \"falcon\", \"new_decoder_architecture\": true, \"num_kv_heads\": 1,"
             "\"num_ln_in_parallel_attn\": 1}"); /* 11B's */
    cr_assert(c.n_kv_heads == 1 && c.layout == 0 && c.parallel);
    c = good("{\"model_type\": \"falcon\", \"multi_query\": false, \"parallel_attn\": false, \"ffn_hidden_size\": 99}");
    cr_assert(c.n_kv_heads == 71 && c.layout == LAYOUT_SEQUENTIAL && !c.parallel && c.inter == 99);
}

Test(config, biases_and_activations_by_family)
{
    cr_assert_eq(good("{\"model_type\": \"llama\", \"attention_bias\": true}").layout, LAYOUT_QKV_BIAS | LAYOUT_O_BIAS);
    cr_assert_eq(good("{\"model_type\": \"llama\", \"mlp_bias\": true}").layout, LAYOUT_MLP_BIAS);
    cr_assert_eq(good("{\"model_type\": \"qwen2\", \"sliding_window\": 9, \"use_sliding_window\": false}").layout,
                 LAYOUT_QKV_BIAS);
    cr_assert_eq(good("{\"model_type\": \"llama\", \"hidden_act\": \"gelu\"}").act, ACT_GELU);
    cr_assert_eq(good("{\"model_type\": \"mistral\", \"num_key_value_heads\": null}").n_kv_heads, 32);
}

Test(config, refuses_by_name_what_it_cannot_mean)
{
    for (size_t i = 0; i < sizeof BAD / sizeof *BAD; i++) {
        struct model_config c;
        struct err err = ERR_INIT;
        cr_assert_eq(parse(BAD[i].text, &c, &err), BAD[i].code, "%s: %s", BAD[i].text, err.msg);
        cr_assert(strstr(err.msg, BAD[i].word), "'%s' does not say '%s'", err.msg, BAD[i].word);
        cr_assert(strstr(err.msg, "x/config.json"), "'%s' names no file", err.msg);
    }
}

Test(config, keys_of_training_and_loading_are_passed_over)
{
    good("{\"model_type\": \"llama\", \"attention_dropout\": 0.1, \"use_cache\": true, \"pretraining_tp\": 2,"
         "\"attention_bias\": false, \"quantization_config\": null, \"partial_rotary_factor\": 1.0,"
         "\"rope_scaling\": null, \"sliding_window\": null, \"torch_dtype\": \"float16\"}");
}
