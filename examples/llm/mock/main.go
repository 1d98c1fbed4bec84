// Command mock is a small API in the style of OpenAI's chat completions, for the
// LLM example. It wants a key, has a budget of tokens a minute (429 with
// Retry-After above it), answers after 50 to 400 ms, now and then with 500, or with
// 200 and an error in the body. It sorts messages by words that occur in them.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log"
	"math"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"

	"golang.org/x/time/rate"
)

type api struct {
	key              string
	perMinute, burst int
	inBody, internal float64
	budget           *rate.Limiter
}

func main() {
	var a api
	address := flag.String("listen", "127.0.0.1:0", "address to listen on; port 0 takes a free one")
	addressFile := flag.String("address-file", "", "file to write the base URL to")
	flag.StringVar(&a.key, "key", "sk-mock-not-a-secret", "the key that callers must have")
	flag.IntVar(&a.perMinute, "tokens-per-minute", 180_000, "tokens of prompts and answers in a minute")
	flag.IntVar(&a.burst, "burst", 6_000, "tokens that may be used at once")
	flag.Float64Var(&a.inBody, "error-in-200", 0.02, "share of calls answered with 200 and an error")
	flag.Float64Var(&a.internal, "internal", 0.01, "share of calls answered with 500")
	flag.Parse()
	a.budget = rate.NewLimiter(rate.Limit(float64(a.perMinute)/60), a.burst)
	if err := a.serve(*address, *addressFile); err != nil {
		log.Fatal(err)
	}
}

func (a *api) serve(address, addressFile string) error {
	listener, err := new(net.ListenConfig).Listen(context.Background(), "tcp", address)
	if err != nil {
		return err
	}
	if addressFile != "" {
		// Renamed into place, so that nobody reads half of it.
		err := os.WriteFile(addressFile+".tmp", []byte("http://"+listener.Addr().String()+"/v1"), 0o644)
		if err := errors.Join(err, os.Rename(addressFile+".tmp", addressFile)); err != nil {
			return err
		}
	}
	return (&http.Server{Handler: a.handler(), ReadHeaderTimeout: 10 * time.Second}).Serve(listener)
}

func (a *api) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /v1/chat/completions", a.complete)
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		refuse(w, http.StatusNotFound, "invalid_request_error", "unknown_url", fmt.Sprintf("Unknown request URL: %s %s.", r.Method, r.URL.Path))
	})
	return mux
}

// request is what of a chat completion matters here.
type request struct {
	Model    string `json:"model"`
	Messages []struct {
		Role    string `json:"role"`
		Content string `json:"content"`
	} `json:"messages"`
	MaxTokens int `json:"max_tokens"`
}

func (a *api) complete(w http.ResponseWriter, r *http.Request) {
	if key, ok := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !ok || key != a.key {
		refuse(w, http.StatusUnauthorized, "invalid_request_error", "invalid_api_key", "Incorrect API key provided.")
		return
	}
	var asked request
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20)).Decode(&asked); err != nil {
		refuse(w, http.StatusBadRequest, "invalid_request_error", "", "We could not parse the JSON body of your request.")
		return
	}
	if asked.Model == "" || len(asked.Messages) == 0 {
		refuse(w, http.StatusBadRequest, "invalid_request_error", "missing_required_parameter", "You must provide 'model' and 'messages'.")
		return
	}
	prompt := 0
	for _, message := range asked.Messages {
		prompt += tokens(message.Content) + 4
	}
	if !a.take(w, asked.Model, prompt+max(asked.MaxTokens, 16)) {
		return
	}
	select {
	case <-time.After(50*time.Millisecond + rand.N(350*time.Millisecond)):
	case <-r.Context().Done():
		return
	}
	switch dice := rand.Float64(); {
	case dice < a.internal:
		refuse(w, http.StatusInternalServerError, "server_error", "", "The server had an error while processing your request.")
	case dice < a.internal+a.inBody:
		refuse(w, http.StatusOK, "server_error", "overloaded", "The engine is currently overloaded, please try again later.")
	default:
		answer(w, asked.Model, prompt, sorted(asked.Messages[len(asked.Messages)-1].Content))
	}
}

// take takes tokens from the budget, or answers 429.
func (a *api) take(w http.ResponseWriter, model string, wanted int) bool {
	w.Header().Set("X-Ratelimit-Limit-Tokens", strconv.Itoa(a.perMinute))
	if wanted > a.burst {
		refuse(w, http.StatusBadRequest, "invalid_request_error", "context_length_exceeded",
			fmt.Sprintf("This model's maximum context length is %d tokens; you requested %d.", a.burst, wanted))
		return false
	}
	now := time.Now()
	reserved := a.budget.ReserveN(now, wanted)
	wait := reserved.DelayFrom(now)
	w.Header().Set("X-Ratelimit-Remaining-Tokens", strconv.Itoa(max(int(a.budget.TokensAt(now)), 0)))
	if wait == 0 {
		return true
	}
	reserved.CancelAt(now)
	w.Header().Set("Retry-After", strconv.Itoa(int(math.Ceil(wait.Seconds()))))
	refuse(w, http.StatusTooManyRequests, "tokens", "rate_limit_exceeded", fmt.Sprintf(
		"Rate limit reached for %s on tokens per min (TPM): Limit %d, Requested %d. Please try again in %s.",
		model, a.perMinute, wanted, wait.Round(time.Millisecond)))
	return false
}

// sorted is what the model would say.
func sorted(text string) string {
	for _, topic := range []struct{ name, words string }{
		{"account", "account log in password"}, {"refund", "refund money paid"}, {"delivery", "courier delivery delivered Tracking parcel"},
		{"broken", "crack broken stopped grinding"},
	} {
		for word := range strings.FieldsSeq(topic.words) {
			if len(word) > 3 && strings.Contains(text, word) {
				return topic.name
			}
		}
	}
	return "question"
}

// tokens is about how many a text has.
func tokens(text string) int { return len(text)/4 + 1 }

func answer(w http.ResponseWriter, model string, prompt int, content string) {
	type object = map[string]any
	write(w, http.StatusOK, object{
		"id": fmt.Sprintf("chatcmpl-%08x", rand.Uint32()), "object": "chat.completion", "created": time.Now().Unix(), "model": model,
		"choices": []object{{"index": 0, "message": object{"role": "assistant", "content": content}, "finish_reason": "stop"}},
		"usage":   object{"prompt_tokens": prompt, "completion_tokens": tokens(content), "total_tokens": prompt + tokens(content)},
	})
}

func refuse(w http.ResponseWriter, status int, kind, code, message string) {
	write(w, status, map[string]any{"error": map[string]any{"message": message, "type": kind, "param": nil, "code": code}})
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	// The caller may be gone; then nobody needs the answer.
	_ = json.NewEncoder(w).Encode(body)
}
