// The collector's connection to the broker: a thread that reads, subscribes, and comes back by itself.
#ifndef COLL_MQTT_H
#define COLL_MQTT_H

struct coll_queue;
struct err;
struct coll_mqtt;

struct coll_mqtt_conf {
    const char *host, *user, *password; // password NULL: anonymous
    const char *prefix;
    const char *ca;                     // file of the authority that signed the broker's certificate; NULL: no TLS
    int port;
};

// Starts the thread; it tries to connect until it is stopped, longer and longer between (up to 5 s).
// Messages, PUBACKs and changes of the connection go to the queue.
int coll_mqtt_start(struct coll_mqtt **m, const struct coll_mqtt_conf *c, struct coll_queue *q, struct err *e) MUST_CHECK;
// Publishes below the prefix. mid: where not NULL, receives the number that COLL_SENT will carry (QoS 1).
// E_STATE while there is no connection.
int coll_mqtt_publish(struct coll_mqtt *m, const char *topic, const void *payload, size_t len, int qos, bool retain,
                      int *mid) MUST_CHECK;
// Subscribes again to what is retained, so that the broker sends it once more.
void coll_mqtt_refresh_state(struct coll_mqtt *m);
// Sends what is queued, says goodbye, ends the thread. Accepts NULL.
void coll_mqtt_stop(struct coll_mqtt *m);

#endif
