// Releases on a device: what is refused and with which words, what survives cuts, trial and the way
// back. Models, keys and signatures are real; the flash is simulated.
#include "common/err.h"
#include "common/hex.h"
#include "tests/support/device_bench.h"

#include <check.h>

#define HEALTH_US 2000000

static struct bench b;
static struct kit_release one, two;

static void setup(void)
{
    bench_init(&b);
    kit_release_init(&one, 1, HEALTH_US, 1);
    kit_release_sign(&one, &b.kit.release);
    kit_release_init(&two, 2, HEALTH_US, 2);
    kit_release_sign(&two, &b.kit.release);
    b.config.classify = true;
}
static void teardown(void)
{
    ck_assert_msg(!b.slots.violation, "flash: %s", b.slots.violation);
    kit_release_release(&one);
    kit_release_release(&two);
    bench_release(&b);
}

static void expect(enum mote_release_state state, const char *reason, uint32_t active)
{
    struct mote_reported r = bench_reported(&b);
    ck_assert_msg(r.state == (unsigned)state && r.active_seq == active &&
                      mote_str_is(r.reason, reason),
                  "state %s active %u reason '%.*s'; log:\n%s", mote_release_state_text(r.state),
                  r.active_seq, (int)r.reason.len, r.reason.p, b.log);
}

static void install(struct kit_release *r)
{
    bench_publish_release(&b, r, false);
    bench_desire(&b, r);
    bench_run(&b, 6000);
    expect(MOTE_REL_ACTIVE, "", r->manifest.seq);
}

static size_t events(bool uncertain, struct mote_event *last)
{
    size_t n = 0;
    for (size_t i = 0; i < b.stored_count; i++) {
        struct mote_event e[MOTE_EVENTS_PER_BLOCK];
        const struct mote_block *k = &b.stored[i].block;
        int got = k->kind == MOTE_BLOCK_EVENT
                      ? mote_events_decode(e, MOTE_EVENTS_PER_BLOCK, k->data, k->data_len)
                      : 0;
        for (int m = 0; m < got; m++) {
            if (e[m].uncertain == uncertain) {
                *last = e[m];
                n++;
            }
        }
    }
    return n;
}

START_TEST(a_release_is_fetched_tried_and_confirmed)
{
    struct mote_event e;
    bench_boot(&b);
    bench_run(&b, 500);
    bench_publish_release(&b, &one, false);
    bench_desire(&b, &one);
    bench_run(&b, 1500);
    expect(MOTE_REL_TRIAL, "", 1);
    bench_run(&b, 4000);
    expect(MOTE_REL_ACTIVE, "", 1);
    const struct loop_message *m = loop_broker_find(&b.broker, "ml/1/d/dev-1/hello");
    struct mote_hello h;
    ck_assert_int_eq(mote_hello_decode(&h, m->payload, m->len), MOTE_OK);
    ck_assert(mote_str_is(h.model, "fan"));
    ck_assert_uint_eq(h.release_seq, 1);
    ck_assert_mem_eq(h.model_digest, one.manifest.digest, MOTE_DIGEST_LEN);
    b.shake = 2;
    bench_run(&b, 5000);
    ck_assert_str_eq(b.last_decision, "shaking");
    ck_assert_uint_ge(events(false, &e), 10);
    ck_assert(mote_str_is(e.label, "shaking"));
    ck_assert(mote_str_is(e.model, "fan"));
    ck_assert_uint_eq(e.dur_us, 1000000);
    ck_assert_mem_eq(e.model_digest, one.manifest.digest, 8);
}
END_TEST

START_TEST(uncertain_windows_are_kept_as_recordings)
{
    struct mote_event e;
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    b.shake = 0.83; // where calm ends and shaking begins
    bench_run(&b, 4000);
    ck_assert_uint_ge(events(true, &e), 3);
    ck_assert_uint_ne(e.recording, 0);
    ck_assert_uint_eq(bench_frames(&b, "acc", e.recording), 100);
    ck_assert(bench_complete(&b));
}
END_TEST

// Windows of a second, every half second.
START_TEST(overlapping_windows_say_how_far_they_moved)
{
    struct mote_event e;
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_run(&b, 3000);
    ck_assert_uint_eq(b.agent.infer.advance, 50);
    uint64_t before = b.agent.infer.inferences;
    b.next_frame += 200; // the sensor loses two seconds
    b.device_us += 2000000;
    bench_run(&b, 500);
    ck_assert_uint_eq(b.agent.infer.inferences, before);
    ck_assert_uint_eq(b.agent.infer.advance, 0);
    bench_run(&b, 1500);
    ck_assert_uint_eq(b.agent.infer.advance, 50);
    ck_assert_uint_ge(events(false, &e), 5);
}
END_TEST

START_TEST(keeping_is_rationed)
{
    struct mote_event e;
    b.config.keep_per_minute = 2;
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    b.shake = 0.83;
    bench_run(&b, 120000);
    ck_assert_uint_ge(events(true, &e), 200);
    ck_assert_uint_ge(b.agent.next_recording, 4);
    ck_assert_uint_le(b.agent.next_recording, 1 + 2 + 5);
}
END_TEST

START_TEST(classifying_ends_when_it_was_asked_to)
{
    struct mote_event e;
    b.config.classify = false;
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    ck_assert_uint_eq(events(false, &e), 0);
    bench_command(&b, &(struct mote_cmd){.id = 5, .kind = MOTE_CMD_CLASSIFY, .duration_ms = 5000});
    bench_run(&b, 20000);
    ck_assert_uint_eq(events(false, &e), 9); // 5 s, windows of 1 s every 0.5 s
}
END_TEST

START_TEST(the_live_view_shows_what_the_model_says)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_run(&b, 2000);
    ck_assert_uint_eq(b.live_events, 0);
    bench_command(&b,
                  &(struct mote_cmd){
                      .id = 5, .kind = MOTE_CMD_LIVE, .stream = {"acc", 3}, .duration_ms = 5000});
    bench_run(&b, 5000);
    ck_assert_uint_ge(b.live_events, 9); // windows every 0.5 s
    ck_assert_uint_ge(b.live_frames, 480);
    bench_run(&b, 50);
    size_t shown = b.live_blocks;
    bench_run(&b, 2000);
    ck_assert_uint_eq(b.live_blocks, shown);
}
END_TEST

START_TEST(a_damaged_payload_is_refused_for_good)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_publish_release(&b, &two, true);
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, "payload digest does not match", 1);
    uint64_t ops = b.slots.ops;
    loop_broker_cut(&b.broker); // the wish is retained: it comes again
    bench_run(&b, 5000);
    expect(MOTE_REL_REFUSED, "payload digest does not match", 1);
    ck_assert_uint_eq(b.slots.ops, ops);
    bench_crash(&b);
    bench_boot(&b);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, "payload digest does not match", 1);
    b.shake = 2;
    b.decisions = 0;
    bench_run(&b, 3000);
    ck_assert_uint_gt(b.decisions, 0); // the old model works on
}
END_TEST

// Lays a block of the release at the broker: its bytes cut or lengthened to len.
static void lay_block(const struct kit_release *r, uint32_t n, size_t len)
{
    char hex[2 * MOTE_DIGEST_LEN + 1], below[160];
    static uint8_t bytes[20000];
    uint32_t size = r->manifest.block_size;
    memcpy(bytes, r->model.data + n * size, size);
    hex_encode(hex, r->digest, MOTE_DIGEST_LEN);
    (void)snprintf(below, sizeof(below), "r/%s/b/%u/%u", hex, n / MOTE_GROUP_BLOCKS,
                   n % MOTE_GROUP_BLOCKS);
    bench_publish(&b, below, bytes, len, true);
}

START_TEST(a_payload_block_of_another_length_is_not_asked_for_for_ever)
{
    size_t lengths[] = {two.manifest.block_size - 1, two.manifest.block_size + 1, 1, 12000};
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_publish_release(&b, &two, false);
    lay_block(&two, 2, lengths[_i]);
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    ck_assert_int_eq(bench_reported(&b).state, MOTE_REL_FETCHING);
    bench_run(&b, 60000);
    expect(MOTE_REL_REFUSED,
           _i < 3 ? "length differs from the manifest: payload block 2"
                  : "longer than this device takes: payload block after 2",
           1);
    ck_assert_int_eq(bench_reported(&b).status, MOTE_E_FORMAT);
    size_t deliveries = b.broker.filters;
    bench_run(&b, 120000);
    ck_assert_uint_eq(b.broker.filters, deliveries);
    bench_crash(&b); // and not after a restart
    bench_boot(&b);
    bench_run(&b, 60000);
    ck_assert_int_eq(bench_reported(&b).state, MOTE_REL_REFUSED);
    ck_assert_uint_eq(bench_reported(&b).active_seq, 1);
}
END_TEST

START_TEST(a_payload_block_that_is_mended_in_time_is_taken)
{
    bench_boot(&b);
    bench_run(&b, 500);
    bench_publish_release(&b, &one, false);
    lay_block(&one, 1, 7);
    bench_desire(&b, &one);
    bench_run(&b, 7000);
    lay_block(&one, 1, one.manifest.block_size);
    bench_run(&b, 30000);
    expect(MOTE_REL_ACTIVE, "", 1);
}
END_TEST

START_TEST(a_payload_block_that_is_missing_is_said_and_awaited)
{
    bench_boot(&b);
    bench_run(&b, 500);
    bench_publish_release(&b, &one, false);
    lay_block(&one, 1, 0); // withdrawn
    bench_desire(&b, &one);
    bench_run(&b, 120000);
    ck_assert_int_eq(bench_reported(&b).state, MOTE_REL_FETCHING);
    ck_assert_int_eq(bench_reported(&b).status, MOTE_E_AGAIN);
    ck_assert(mote_str_is(bench_reported(&b).reason, "waiting for payload blocks"));
    lay_block(&one, 1, one.manifest.block_size);
    bench_run(&b, 70000);
    expect(MOTE_REL_ACTIVE, "", 1);
}
END_TEST

START_TEST(a_wrong_signature_is_refused_before_anything_is_downloaded)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    kit_release_sign(&two, &b.kit.stranger);
    bench_publish_release(&b, &two, false);
    uint64_t ops = b.slots.ops;
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, "manifest signature is not by a known release key", 1);
    ck_assert_uint_eq(b.slots.ops, ops);
    kit_release_sign(&two, &b.kit.beacon); // a key of another role
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, "manifest signature is not by a known release key", 1);
    kit_release_sign(&two, &b.kit.release);
    two.signed_manifest[two.signed_len - 1] ^= 1;
    mote_sha256(two.digest, two.signed_manifest, two.signed_len);
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, "manifest signature is not by a known release key", 1);
}
END_TEST

START_TEST(a_newer_key_set_is_taken_and_an_older_one_is_not)
{
    struct kit other, forged;
    bench_boot(&b);
    bench_run(&b, 500);
    kit_init(&forged, 99, 7);
    bench_publish(&b, "r/keys", forged.keys, forged.keys_len, true);
    kit_release_sign(&one, &forged.release);
    bench_publish_release(&b, &one, false);
    bench_desire(&b, &one);
    bench_run(&b, 1000);
    expect(MOTE_REL_REFUSED, "manifest signature is not by a known release key", 0);
    other = b.kit; // the same root vouches for another release key
    struct mote_keyset set = {.version = 2, .count = 1};
    uint8_t body[300];
    memcpy(set.key[0].point, forged.release.point, MOTE_PUBKEY_LEN);
    set.key[0].role = MOTE_KEY_RELEASE;
    int n = mote_keyset_encode(body, sizeof(body), &set);
    other.keys_len = kit_sign(&b.kit.root, body, (size_t)n, other.keys, sizeof(other.keys));
    bench_publish(&b, "r/keys", other.keys, other.keys_len, true);
    bench_run(&b, 6000);
    expect(MOTE_REL_ACTIVE, "", 1);
    bench_publish(&b, "r/keys", b.kit.keys, b.kit.keys_len, true); // version 1 again
    bench_crash(&b);
    bench_boot(&b);
    bench_run(&b, 1000);
    ck_assert_uint_eq(b.agent.update.keys.version, 2);
}
END_TEST

static void refused(const char *reason)
{
    kit_release_sign(&two, &b.kit.release);
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, reason, 1);
}

START_TEST(what_does_not_fit_is_refused_by_name)
{
    struct mote_manifest m = two.manifest;
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    uint64_t ops = b.slots.ops;
    two.manifest.min_class = 2;
    refused("capability class: model needs 2, this device has 1");
    two.manifest = m;
    two.manifest.arena = 70000;
    refused("arena: model needs 70000, this device has 16384");
    two.manifest = m;
    two.manifest.ops = (struct mote_str){"SOFTMAX WHILE", 13};
    refused("operator WHILE is not in this firmware");
    two.manifest = m;
    two.manifest.dsp_variant = (struct mote_str){"q31-9", 5};
    refused("DSP variant is not in this firmware");
    two.manifest = m;
    two.manifest.stream = (struct mote_str){"gyro", 4};
    refused("this device has no stream of the model's name");
    two.manifest = m;
    two.manifest.block_size = 16384;
    refused("payload blocks: release needs 16384, this device has 8536");
    two.manifest = m;
    two.manifest.seq = 1;
    refused("sequence number is not above the confirmed one: release needs 1, this device has 1");
    two.manifest = m;
    two.manifest.size = two.manifest.payload_size = 1 << 20;
    kit_release_sign(&two, &b.kit.release);
    bench_desire(&b, &two);
    bench_publish_release(&b, &two, false);
    bench_run(&b, 3000);
    struct mote_reported r = bench_reported(&b);
    ck_assert_int_eq(r.state, MOTE_REL_REFUSED);
    ck_assert_int_eq(r.status, MOTE_E_SPACE);
    ck_assert_uint_eq(b.slots.ops, ops);
}
END_TEST

START_TEST(golden_windows_must_agree_bit_for_bit)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    two.output[0] ^= 1;
    refused("golden window: outputs differ");
    two.output[0] ^= 1;
    two.manifest.golden[0].features[5] ^= 1;
    refused("golden window: features differ");
    two.manifest.golden[0].features[5] ^= 1;
    two.manifest.pipeline[0] ^= 1;
    refused("pipeline inside the model is not the manifest's");
    b.shake = 2;
    b.decisions = 0;
    bench_run(&b, 3000);
    ck_assert_uint_gt(b.decisions, 0);
}
END_TEST

START_TEST(a_model_that_asks_too_much_of_the_loop_is_refused)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    kit_release_release(&two);
    kit_release_init(&two, 2, HEALTH_US, 9);
    refused("window buffer: model needs 6000, this device has 4096");
}
END_TEST

START_TEST(a_download_goes_on_after_cuts_of_power_and_of_network)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &two);
    uint32_t have_before = 0;
    unsigned crashes = 0;
    b.broker.lose_one_in = 3; // so that a download takes several rounds
    for (int i = 0; i < 200 && bench_reported(&b).active_seq != 2; i++) {
        uint32_t have = 0, total = 0;
        bench_run(&b, 600);
        if (b.agent.update.step == MOTE_UPDATE_BLOCKS) {
            mote_slot_progress(&b.agent.slot, &have, &total);
        }
        if (have > 0 && crashes < 4) {
            bench_crash(&b);
            bench_boot(&b);
            crashes++;
            have_before = have;
        } else if (have_before) {
            ck_assert_msg(have == 0 || have >= have_before, "blocks were asked for again");
        }
        if (i % 7 == 5) {
            loop_broker_cut(&b.broker);
        }
    }
    b.broker.lose_one_in = 0;
    ck_assert_uint_ge(crashes, 1);
    bench_run(&b, 60000);
    expect(MOTE_REL_ACTIVE, "", 2);
}
END_TEST

START_TEST(power_may_go_at_any_operation_on_the_model_flash)
{
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &two);
    struct sim_flash before = {0};
    ck_assert_int_eq(
        sim_flash_init(&before, b.slots.flash.size, b.slots.flash.sector, b.slots.flash.prog_unit),
        OK);
    bench_crash(&b);
    sim_flash_copy(&before, &b.slots);
    uint64_t op = 1;
    for (bool cut = true; cut && op < 200; op++) {
        sim_flash_copy(&b.slots, &before);
        b.slots.cut = (struct sim_cut){
            .op = op, .tear = (enum sim_tear)(op % SIM_TEARS), .bytes = 5, .seed = op};
        if (mote_agent_init(&b.agent, &b.config) == MOTE_OK) {
            bench_run(&b, 4000);
        }
        cut = b.slots.off;
        bench_crash(&b);
        sim_flash_power_on(&b.slots);
        bench_boot(&b);
        bench_run(&b, 500);
        ck_assert_uint_ge(bench_reported(&b).active_seq, 1); // never without a model
        bench_run(&b, 8000);
        expect(MOTE_REL_ACTIVE, "", 2);
        bench_crash(&b);
        b.log[0] = 0;
    }
    ck_assert_uint_ge(op, 20);
    sim_flash_release(&before);
}
END_TEST

START_TEST(lost_payload_blocks_are_asked_for_again)
{
    bench_boot(&b);
    bench_run(&b, 500);
    bench_publish_release(&b, &one, false);
    b.broker.lose_one_in = 3;
    bench_desire(&b, &one);
    bench_run(&b, 200000);
    b.broker.lose_one_in = 0;
    loop_broker_cut(&b.broker);
    bench_run(&b, 120000);
    expect(MOTE_REL_ACTIVE, "", 1);
}
END_TEST

START_TEST(a_trial_that_is_never_confirmed_goes_back)
{
    two.manifest.health_us = 3600u * 1000000;
    kit_release_sign(&two, &b.kit.release);
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &two);
    bench_run(&b, 3000);
    expect(MOTE_REL_TRIAL, "", 2);
    for (int i = 0; i < MOTE_SLOT_TRIAL_BOOTS + 1; i++) {
        bench_crash(&b);
        bench_boot(&b);
        bench_run(&b, 2000);
    }
    expect(MOTE_REL_ROLLED_BACK, "trial was not confirmed", 1);
    ck_assert_uint_eq(bench_reported(&b).seq, 2);
    ck_assert_mem_eq(bench_reported(&b).manifest_digest, two.digest, MOTE_DIGEST_LEN);
    b.shake = 2;
    b.decisions = 0;
    bench_run(&b, 3000);
    ck_assert_uint_gt(b.decisions, 0);
}
END_TEST

START_TEST(a_trial_goes_on_after_a_reboot_and_is_confirmed)
{
    bench_boot(&b);
    bench_run(&b, 500);
    bench_publish_release(&b, &one, false);
    bench_desire(&b, &one);
    bench_run(&b, 1000);
    expect(MOTE_REL_TRIAL, "", 1);
    bench_crash(&b);
    bench_boot(&b);
    bench_run(&b, 1000);
    expect(MOTE_REL_TRIAL, "", 1);
    bench_run(&b, 5000);
    expect(MOTE_REL_ACTIVE, "", 1);
}
END_TEST

START_TEST(a_wish_during_a_trial_waits_for_its_end)
{
    bench_boot(&b);
    bench_run(&b, 500);
    bench_publish_release(&b, &one, false);
    bench_publish_release(&b, &two, false);
    bench_desire(&b, &one);
    bench_run(&b, 1000);
    bench_desire(&b, &two);
    bench_run(&b, 300);
    expect(MOTE_REL_TRIAL, "", 1);
    ck_assert_uint_eq(bench_reported(&b).seq, 1);
    for (int i = 0; i < 1000 && bench_reported(&b).active_seq != 2; i++) {
        struct mote_reported r = bench_reported(&b);
        ck_assert(r.state != MOTE_REL_ACTIVE || r.seq == 1); // never says that the second is in use
        bench_run(&b, 10);
    }
    bench_run(&b, 5000);
    expect(MOTE_REL_ACTIVE, "", 2);
    ck_assert_uint_eq(bench_reported(&b).seq, 2);
}
END_TEST

START_TEST(an_expired_manifest_is_refused_once_time_is_known)
{
    uint8_t body[64], beacon[256];
    bench_boot(&b);
    bench_run(&b, 500);
    install(&one);
    int n = mote_beacon_encode(body, sizeof(body), 1790000000000u);
    size_t len = kit_sign(&b.kit.beacon, body, (size_t)n, beacon, sizeof(beacon));
    bench_publish(&b, "time", beacon, len, true);
    bench_run(&b, 100);
    two.manifest.expires_s = 1780000000;
    refused("manifest has expired");
    bench_crash(&b);
    loop_broker_publish(&b.broker, "ml/1/time", "", 0, true);
    bench_boot(&b);
    bench_run(&b, 3000);
    expect(MOTE_REL_REFUSED, "manifest has expired", 1); // the time was kept
}
END_TEST

int main(void)
{
    Suite *s = suite_create("update");
    TCase *t = tcase_create("update");
    tcase_add_checked_fixture(t, setup, teardown);
    tcase_add_test(t, a_release_is_fetched_tried_and_confirmed);
    tcase_add_test(t, uncertain_windows_are_kept_as_recordings);
    tcase_add_test(t, overlapping_windows_say_how_far_they_moved);
    tcase_add_test(t, keeping_is_rationed);
    tcase_add_test(t, classifying_ends_when_it_was_asked_to);
    tcase_add_test(t, the_live_view_shows_what_the_model_says);
    tcase_add_test(t, a_damaged_payload_is_refused_for_good);
    tcase_add_loop_test(t, a_payload_block_of_another_length_is_not_asked_for_for_ever, 0, 4);
    tcase_add_test(t, a_payload_block_that_is_mended_in_time_is_taken);
    tcase_add_test(t, a_payload_block_that_is_missing_is_said_and_awaited);
    tcase_add_test(t, a_wrong_signature_is_refused_before_anything_is_downloaded);
    tcase_add_test(t, a_newer_key_set_is_taken_and_an_older_one_is_not);
    tcase_add_test(t, what_does_not_fit_is_refused_by_name);
    tcase_add_test(t, golden_windows_must_agree_bit_for_bit);
    tcase_add_test(t, a_model_that_asks_too_much_of_the_loop_is_refused);
    tcase_add_test(t, a_download_goes_on_after_cuts_of_power_and_of_network);
    tcase_add_test(t, power_may_go_at_any_operation_on_the_model_flash);
    tcase_add_test(t, lost_payload_blocks_are_asked_for_again);
    tcase_add_test(t, a_trial_that_is_never_confirmed_goes_back);
    tcase_add_test(t, a_trial_goes_on_after_a_reboot_and_is_confirmed);
    tcase_add_test(t, a_wish_during_a_trial_waits_for_its_end);
    tcase_add_test(t, an_expired_manifest_is_refused_once_time_is_known);
    suite_add_tcase(s, t);
    SRunner *r = srunner_create(s);
    srunner_run_all(r, CK_ENV);
    int failed = srunner_ntests_failed(r);
    srunner_free(r);
    return failed != 0;
}
